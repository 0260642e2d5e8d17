// The panels that are drawn from /v1/status.
import { bytes, counted, grouped } from "./format.mjs";
import { origin } from "./api.mjs";
import { badge, byId, el, foreign, onChange, replace, setText, since, time } from "./dom.mjs";
import { commandLine } from "./copy.mjs";
import { scopesOf } from "./scopes.mjs";
import { refreshActivity, sourceState, stateOf, storeState } from "./verdict.mjs";

const ACCEPT = "eidctl refresh --accept-shrink";

function figure(term, ...value) {
    return el("div", {}, el("dt", {}, term), el("dd", {}, ...value));
}

/** level, word and sentence into the panel at the top; the aside is not read aloud. */
export function showVerdict({ level, word, sentence }, ...aside) {
    byId("verdict").dataset.level = level;
    setText(byId("verdict-word"), word);
    setText(byId("verdict-sentence"), sentence);
    replace(byId("verdict-aside"), ...aside);
    document.title = `${word} · eidcached`;
}

const showAbout = onChange(({ version, started_at: started }) => {
    replace(byId("about"), el("span", {}, new URL(origin()).host), ` · version ${version} · up `,
        time(started, "age"));
});

function generationFigures(generation) {
    return [
        figure("Names", el("strong", {}, grouped(generation.names))),
        figure("Age of the data", el("strong", {}, time(generation.verified_at, "age"))),
        figure("Generation", el("strong", {}, grouped(generation.number)),
            el("code", {}, generation.id)),
        figure("Published", time(generation.created_at), `, ${bytes(generation.bytes)}`),
    ];
}

function activityFigure(refresh) {
    const { term, text, until, part } = refreshActivity(refresh);
    return figure(term, text ?? (until ? time(until, "until") : "not planned"),
        part === undefined ? null
            : el("progress", { value: part, "aria-label": "Of the refresh" }));
}

const showFigures = onChange(({ generation, refresh }) => {
    replace(byId("figures"), ...(generation ? generationFigures(generation) : []),
        activityFigure(refresh));
});

/** What goes on by itself is left out: who has selected a figure keeps it selected. */
function figuresOf({ generation, refresh: { state, next_at, progress } }) {
    return { generation: generation && { ...generation, age_seconds: 0 },
        refresh: { state, next_at, progress } };
}

const showGuard = onChange((guard) => {
    byId("guard").hidden = !guard.held;
    replace(byId("guard"), ...(guard.held ? [
        el("h3", {}, `Held: ${counted(guard.removals, "entry", "entries")}`),
        guard.sample ? el("p", {}, "Such as ", foreign(guard.sample), ".") : null,
        el("p", {}, "If they are meant to be gone, accept it on the daemon's host:"),
        commandLine(ACCEPT, "the command"),
    ] : []));
});

function errorLine(error) {
    return error ? el("p", { class: "error" }, foreign(error)) : null;
}

function failingScope({ name, several, error, verified_at: verified }) {
    return el("p", { class: "error" },
        el("strong", {}, foreign(several ? `${name}…` : name)), ", ",
        since("confirmed", verified), ": ", foreign(error));
}

/** What is wrong with a source: scope by scope where the daemon tells, else as a whole. */
function problemsOf({ error, failed_scopes: failed, failing_scopes: scopes = [] }) {
    if (failed <= 1 || scopes.length === 0)
        return [errorLine(error)];
    const more = failed - scopes.length;
    return [...scopes.map(failingScope), errorLine(
        more > 0 && !scopes.some(({ several }) => several) ? `and ${grouped(more)} more` : null)];
}

function scopesText({ scopes, failed_scopes: failed }) {
    const all = counted(Math.max(scopes, failed), "scope");
    return failed > 0 ? `${grouped(failed)} of ${all} failing` : all;
}

function sourceItem(name) {
    const told = el("div");
    const scopes = scopesOf(name);
    const element = el("li", {}, told, scopes.element);
    const show = onChange((source) => {
        const state = sourceState(source);
        element.dataset.level = state.level;
        replace(told,
            el("p", { class: "title" }, foreign(name), badge(state)),
            el("p", { class: "note" },
                `${source.type}, ${scopesText(source)}, ${counted(source.names, "name")}, `,
                since("confirmed", source.verified_at)),
            ...problemsOf(source));
    });
    return { element, show, follow: scopes.follow };
}

function storeItem(store) {
    const state = storeState(store);
    return el("li", { "data-level": state.level },
        el("p", { class: "title" }, foreign(store.url), badge(state)),
        el("p", { class: "note" }, `${store.role}, `, since("saved", store.last_saved_at)),
        errorLine(store.error));
}

function listOr(items, nothing) {
    return items.length > 0 ? items : [el("li", {}, el("p", { class: "note" }, nothing))];
}

const sourceItems = new Map(); // by name: what was opened stays open

const placeSources = onChange((names) =>
    replace(byId("sources"), ...listOr(names.map((name) => sourceItems.get(name).element),
        "None are configured.")));

/** generation may be null. */
function showSources(sources, generation) {
    for (const source of sources) {
        if (!sourceItems.has(source.name))
            sourceItems.set(source.name, sourceItem(source.name));
        const item = sourceItems.get(source.name);
        item.show(source);
        item.follow(source, `${generation?.number} ${generation?.refreshed_at}`);
    }
    placeSources(sources.map(({ name }) => name));
}

const showStores = onChange((stores) =>
    replace(byId("stores"), ...listOr(stores.map(storeItem), "None: a restart lists anew.")));

/** Everything but the charts. */
export function showStatus(status) {
    showVerdict(stateOf(status));
    showAbout(status);
    showFigures(figuresOf(status));
    showGuard(status.guard);
    showSources(status.sources, status.generation);
    showStores(status.stores);
}
