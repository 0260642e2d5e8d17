// Names by prefix, a page at a time.
import { grouped } from "./format.mjs";
import { getNames, whyNot } from "./api.mjs";
import { byId, el, foreign, replace, setText } from "./dom.mjs";
import { copyButton } from "./copy.mjs";
import { lookUpName } from "./lookup.mjs";

const PAGE = 15;
const TYPING_MS = 200;

const pages = {
    prefix: byId("prefix"),
    list: byId("names"),
    after: "", // the name before the first that is shown
    next: "", // what comes after the last; "" at the end
    before: 0, // how many pages were turned
    asking: null,
    timer: 0,
};

function entry({ name, eid }) {
    return el("li", {},
        el("button", { type: "button", class: "name", onclick: () => lookUpName(name) },
            foreign(name)),
        el("span", { class: "eid" }, el("code", {}, eid), copyButton(eid, `the EID of ${name}`)));
}

function range(count) {
    if (count === 0)
        return pages.prefix.value === "" ? "There are no names yet." : "No name begins so.";
    const first = pages.before * PAGE + 1;
    const end = pages.next === "" ? ", the last" : "";
    return `${grouped(first)} to ${grouped(first + count - 1)}${end}`;
}

function showPage({ names, next }) {
    pages.next = next ?? "";
    replace(pages.list, ...names.map(entry));
    byId("next").disabled = pages.next === "";
    byId("first").disabled = pages.after === "";
    setText(byId("names-note"), range(names.length));
}

async function load() {
    clearTimeout(pages.timer);
    pages.asking?.abort();
    pages.asking = new AbortController();
    const { signal } = pages.asking;
    try {
        const { value: prefix } = pages.prefix;
        const page = await getNames({ prefix, after: pages.after, limit: PAGE }, signal);
        if (!signal.aborted)
            showPage(page);
    } catch (error) {
        if (error.name !== "AbortError")
            setText(byId("names-note"), whyNot(error, "names"));
    }
}

function turnTo(after, before) {
    pages.after = after;
    pages.before = before;
    return load();
}

/** A button that becomes disabled loses the focus: it goes to the other, or to the field. */
function keepFocus(button, other) {
    if (button.disabled && document.activeElement !== pages.prefix)
        (other.disabled ? pages.prefix : other).focus();
}

/** The page that is shown, of a new generation. */
export function browseAgain() {
    load();
}

export function startBrowse() {
    const [first, next] = [byId("first"), byId("next")];
    pages.prefix.addEventListener("input", () => {
        clearTimeout(pages.timer);
        pages.timer = setTimeout(() => turnTo("", 0), TYPING_MS);
    });
    first.addEventListener("click", () => turnTo("", 0).then(() => keepFocus(first, next)));
    next.addEventListener("click",
        () => turnTo(pages.next, pages.before + 1).then(() => keepFocus(next, first)));
}
