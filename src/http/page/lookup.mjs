// The look-up: a combobox (ARIA APG, list autocomplete with manual selection) whose list offers the
// names that begin with what is typed, and beside it the answer, asked both ways at once.
import { age, counted, curlLine, grouped } from "./format.mjs";
import { getNames, hasToken, lookUp, origin, Refused } from "./api.mjs";
import { byId, el, foreign, replace, setText } from "./dom.mjs";
import { commandLine, copyButton } from "./copy.mjs";

const PAUSE_MS = 120; // after the last key
const OFFERED = 8;
const VALUES_SHOWN = 20;
const NAME_BYTES_MAX = 2048;
const EID_BYTES_MAX = 255;
const MISS = { values: [] };

const box = {
    input: byId("q"),
    list: byId("q-list"),
    answer: byId("answer"),
    active: -1, // index of the offer that the keys are on
    asking: null, // AbortController of the questions under way
    timer: 0,
};

const bytesOf = (text) => new TextEncoder().encode(text).length;

// The list.

function showList(open) {
    box.list.hidden = !open;
    box.input.setAttribute("aria-expanded", String(open));
    if (!open)
        activate(-1);
}

function activate(index) {
    const options = [...box.list.children];
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    box.active = index;
    if (index < 0) {
        box.input.removeAttribute("aria-activedescendant");
        return;
    }
    box.input.setAttribute("aria-activedescendant", options[index].id);
    options[index].scrollIntoView({ block: "nearest" });
}

function choose(name) {
    box.input.value = name;
    showList(false);
    ask();
}

function option({ name, eid }, index) {
    return el("li", {
        id: `offer-${index}`, role: "option", "aria-selected": "false",
        onpointerdown: (event) => event.preventDefault(), // the input keeps the focus
        onclick: () => choose(name),
    }, foreign(name, { class: "name" }), " ", el("code", {}, eid));
}

function offer(names) {
    box.list.replaceChildren(...names.map(option));
    box.active = -1;
    box.input.removeAttribute("aria-activedescendant");
    showList(names.length > 0);
}

// The answer.

function valueLine(value, what, isName) {
    const written = isName ? foreign(value, { class: "value" })
        : el("code", { class: "value" }, value);
    return el("div", { class: "valueline" }, written, copyButton(value, what));
}

function found(direction, key, { values }) {
    const [title, what] = direction === "forward" ? ["EID of ", "EID"] : ["Name of ", "name"];
    const more = values.length - VALUES_SHOWN;
    return el("div", { class: "found" },
        el("h3", {}, title, foreign(key)),
        ...values.slice(0, VALUES_SHOWN).map(
            (value) => valueLine(value, `the ${what} ${value}`, direction === "reverse")),
        more > 0 ? el("p", { class: "note" }, `and ${grouped(more)} more`) : null,
        commandLine(curlLine(origin(), direction, key, hasToken()), "the curl line"));
}

function wherefrom({ generation, age: seconds }) {
    return el("p", { class: "note" },
        `From generation ${grouped(generation)}, confirmed within the last ${age(seconds + 1)}.`);
}

function missText(key, offered) {
    return offered > 0 ? ["Nothing is exactly ", foreign(key), "; there are names that begin so."]
        : ["Nothing has the name or EID ", foreign(key), "."];
}

function spoken(key, forward, reverse, offered) {
    if (forward.values.length > 0)
        return `The EID of ${key} is ${forward.values.join(", ")}`;
    if (reverse.values.length > 0)
        return `${key} is the EID of ${reverse.values.slice(0, VALUES_SHOWN).join(", ")}`;
    return offered > 0 ? `${counted(offered, "name")} offered that begin so`
        : `Nothing has the name or EID ${key}`;
}

function showAnswer({ key, forward, reverse }, offered) {
    const parts = [];
    if (forward.values.length > 0)
        parts.push(found("forward", key, forward));
    if (reverse.values.length > 0)
        parts.push(found("reverse", key, reverse));
    if (parts.length === 0)
        parts.push(el("p", {}, ...missText(key, offered)));
    replace(box.answer, ...parts, wherefrom(forward));
    setText(byId("said"), spoken(key, forward, reverse, offered));
}

function showMessage(text) {
    replace(box.answer, text ? el("p", { class: "note" }, text) : null);
    setText(byId("said"), text);
}

// The questions.

async function offersFor(prefix, signal) {
    try {
        return (await getNames({ prefix, limit: OFFERED }, signal)).names;
    } catch (error) {
        if (error instanceof Refused)
            return [];
        throw error;
    }
}

async function bothWays(key, signal) {
    const [forward, reverse] = await Promise.all([
        lookUp("forward", key, signal),
        bytesOf(key) <= EID_BYTES_MAX ? lookUp("reverse", key, signal) : MISS,
    ]);
    return { key, forward, reverse, missed: forward.values.length + reverse.values.length === 0 };
}

/** As typed; and if that is nothing, without the blanks that come with what is pasted. */
async function anyWay(text, signal) {
    const typed = await bothWays(text, signal);
    const trimmed = text.trim();
    return typed.missed && trimmed !== text && trimmed !== "" ? bothWays(trimmed, signal) : typed;
}

async function askAll(text, wantsOffers, signal) {
    const [answer, offers] = await Promise.all([
        anyWay(text, signal),
        wantsOffers ? offersFor(text, signal) : null,
    ]);
    if (signal.aborted)
        return;
    showAnswer(answer, offers?.length ?? 0);
    if (offers !== null)
        offer(offers);
}

async function ask(wantsOffers = false) {
    const text = box.input.value;
    clearTimeout(box.timer);
    box.asking?.abort();
    box.asking = new AbortController();
    if (text === "" || bytesOf(text) > NAME_BYTES_MAX) {
        offer([]);
        showMessage(text && `A name has at most ${counted(NAME_BYTES_MAX, "byte")}.`);
        return;
    }
    try {
        await askAll(text, wantsOffers, box.asking.signal);
    } catch (error) {
        if (error.name !== "AbortError")
            showMessage(error.message);
    }
}

// The keys.

function move(step) {
    const count = box.list.children.length;
    if (count === 0)
        return;
    if (box.list.hidden)
        showList(true);
    // from the input to either end, and from each end back into the input
    activate((box.active + 1 + step + count + 1) % (count + 1) - 1);
}

function enter() {
    if (box.active >= 0) {
        choose(box.list.children[box.active].querySelector(".name").textContent);
        return;
    }
    showList(false);
    ask();
}

function escape() {
    if (!box.list.hidden) {
        showList(false);
        return;
    }
    box.input.value = "";
    ask();
}

const KEYS = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: enter,
    Escape: escape,
};

/** Looks a name up as if it had been typed. */
export function lookUpName(name) {
    box.input.value = name;
    box.input.focus();
    showList(false);
    ask();
}

/** The same question to a new generation. */
export function lookUpAgain() {
    if (box.input.value !== "")
        ask(!box.list.hidden && box.active < 0);
}

export function startLookup() {
    box.input.addEventListener("input", () => {
        clearTimeout(box.timer);
        box.timer = setTimeout(() => ask(true), PAUSE_MS);
    });
    box.input.addEventListener("keydown", (event) => {
        const act = event.isComposing || event.altKey || event.ctrlKey ? null : KEYS[event.key];
        if (!act)
            return;
        event.preventDefault();
        act();
    });
}
