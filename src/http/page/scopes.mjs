// The scopes of a source, one by one, in a details element: asked for when it is opened.
import { counted, grouped } from "./format.mjs";
import { getScopes, whyNot } from "./api.mjs";
import { el, foreign, setText, time } from "./dom.mjs";

const SHOWN = 50; // at first
const SHOWN_MORE = 200; // each time more are asked for
const FILTERED_FROM = 12; // as many are seen at a glance

/** Who was never listed is older than all. */
export function oldestFirst(scopes) {
    const timeOf = ({ verified_at: at }) => (at === null ? 0 : Date.parse(at));
    return scopes.toSorted((a, b) => timeOf(a) - timeOf(b) || (a.name < b.name ? -1 : 1));
}

export function containing(scopes, text) {
    const wanted = text.toLowerCase();
    return scopes.filter(({ name }) => name.toLowerCase().includes(wanted));
}

function scopeRow({ name, verified_at: verified }) {
    return el("li", {}, foreign(name),
        el("span", { class: "note" }, verified === null ? "never" : time(verified)));
}

function filterField(oninput) {
    const input = el("input", { type: "text", autocomplete: "off", autocapitalize: "off",
        spellcheck: "false", dir: "auto", oninput });
    return { input, element: el("label", { hidden: true }, "Those that contain", input) };
}

/** What a source's item ends with: { element, follow(source, stamp) }. While it is open it asks
 * again whenever the stamp is another one. */
export function scopesOf(sourceName) {
    let all = [];
    let found = []; // of them, by the filter
    let asked = null; // the stamp of what is shown
    let stamp = null;
    const filter = filterField(() => show(SHOWN));
    const list = el("ul");
    const region = el("div", { class: "scopes", role: "region", tabindex: 0, hidden: true,
        "aria-label": `Scopes of ${sourceName}` }, list);
    const note = el("p", { class: "note", role: "status" });
    const more = el("button", { type: "button", hidden: true, onclick: showMore }, "Show more");
    const summary = el("summary");
    const element = el("details", { ontoggle: load }, summary, filter.element, note, region, more);

    function tellHowMany() {
        const shown = list.children.length;
        region.hidden = shown === 0;
        more.hidden = shown === found.length;
        setText(note, shown === 0 ? "No scope's name contains that."
            : `${grouped(shown)} of ${counted(all.length, "scope")} and when each was last ` +
                "confirmed, the oldest first");
    }

    function show(count) {
        found = containing(all, filter.input.value);
        list.replaceChildren(...found.slice(0, count).map(scopeRow));
        tellHowMany();
    }

    function showMore() {
        const shown = list.children.length;
        list.append(...found.slice(shown, shown + SHOWN_MORE).map(scopeRow));
        tellHowMany();
        list.children[shown].tabIndex = -1; // the button may be gone: reading goes on here
        list.children[shown].focus();
    }

    async function load() {
        if (!element.open || asked === stamp)
            return;
        const forStamp = stamp;
        asked = forStamp;
        try {
            const scopes = await getScopes(sourceName);
            if (asked !== forStamp) // a newer question is on its way
                return;
            all = oldestFirst(scopes);
            filter.element.hidden = all.length < FILTERED_FROM;
            show(Math.max(SHOWN, list.children.length));
        } catch (error) {
            asked = null;
            setText(note, whyNot(error, "scopes"));
        }
    }

    return {
        element,
        follow: ({ scopes }, now) => {
            stamp = now;
            element.hidden = scopes < 2;
            setText(summary, `${grouped(scopes)} scopes, one by one`);
            load();
        },
    };
}
