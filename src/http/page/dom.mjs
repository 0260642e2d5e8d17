// Making and replacing elements. Text goes in as text: names are whatever somebody called a thing.
import { age, exactTime } from "./format.mjs";
import { serverNow } from "./api.mjs";

const SVG = "http://www.w3.org/2000/svg";
const FITS = 20; // characters, even on a telephone's line

export function byId(id) {
    return document.getElementById(id);
}

function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on"))
            element.addEventListener(name.slice(2), value);
        else if (value !== null && value !== false)
            element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
}

/** el("p", { class: "note", onclick: f }, "text", child): strings become text, null nothing. */
export function el(tag, attributes = {}, ...children) {
    return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
    return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Text whose lines rather end between its parts than within one. */
export function inParts(text) {
    const parts = text.length > FITS ? text.split(/(?<=[._/:@]|\w-)(?=[^._/:@-])/) : [text];
    return parts.flatMap((part, i) => (i > 0 ? [el("wbr"), part] : part));
}

/** Text of others: it keeps its writing direction to itself. */
export function foreign(text, attributes = {}) {
    return el("bdi", attributes, ...inParts(text));
}

const TIME_TEXT = {
    ago: (seconds) => (seconds < 1 ? "now" : `${age(seconds)} ago`),
    age: (seconds) => age(seconds),
    until: (seconds) => (seconds > -1 ? "a moment" : age(-seconds)),
};

function tickOne(element) {
    const seconds = (serverNow() - Date.parse(element.dateTime)) / 1000;
    const text = TIME_TEXT[element.dataset.as](seconds);
    if (element.textContent !== text)
        element.textContent = text;
}

/** A time that goes on by itself: as "ago" ("3 min ago"), "age" ("3 min") or "until". */
export function time(iso, as = "ago") {
    const element = el("time", { datetime: iso, title: exactTime(iso), "data-as": as });
    tickOne(element);
    return element;
}

/** "saved 3 min ago", or "never saved". */
export function since(done, iso) {
    return iso ? el("span", {}, `${done} `, time(iso)) : el("span", {}, `never ${done}`);
}

/** Every time on the page, a second later. */
export function tick() {
    document.querySelectorAll("time[data-as]").forEach(tickOne);
}

/** A state in words, with a shape of its own beside its colour. */
export function badge({ level, word }) {
    return el("span", { class: "badge", "data-level": level },
        el("span", { class: "shape", "aria-hidden": "true" }), word);
}

export function setText(element, text) {
    if (element.textContent !== text)
        element.textContent = text;
}

const FOCUSABLE = "a[href], button, input, summary, [tabindex]";

/** Replaces the children, and leaves the focus on what takes the place of what had it. */
export function replace(element, ...children) {
    const before = [...element.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
    element.replaceChildren(...children.filter((child) => child !== null));
    if (before >= 0)
        element.querySelectorAll(FOCUSABLE)[before]?.focus({ preventScroll: true });
}

/** A function that calls render(data) only when the data differs from the last. */
export function onChange(render) {
    let last;
    return (data) => {
        const now = JSON.stringify(data);
        if (now === last)
            return;
        last = now;
        render(data);
    };
}
