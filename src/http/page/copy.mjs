// Copy buttons, which also work where the page is not a secure context (plain HTTP from afar).
import { byId, el, inParts, setText } from "./dom.mjs";

const SHOWN_MS = 1600;

function copyBySelection(text) {
    const area = el("textarea", { class: "offscreen", readonly: true, "aria-hidden": "true" });
    const focused = document.activeElement;
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    focused?.focus({ preventScroll: true });
    return done;
}

async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return copyBySelection(text);
    }
}

/** A button that copies `text`; `what` says what it is: "the EID of sales". */
export function copyButton(text, what, label = "Copy") {
    const shown = el("span", { "aria-hidden": "true" }, label);
    const button = el("button", { type: "button", class: "copy", "aria-label": `Copy ${what}` },
        shown);
    let timer = 0;
    button.addEventListener("click", async () => {
        const done = await copy(text);
        setText(shown, done ? "Copied" : "Not copied");
        setText(byId("said"), done ? `Copied ${what}` : `Could not copy ${what}`);
        clearTimeout(timer);
        timer = setTimeout(() => setText(shown, label), SHOWN_MS);
    });
    return button;
}

/** A command with its copy button. */
export function commandLine(command, what) {
    return el("div", { class: "command" }, el("code", {}, ...inParts(command)),
        copyButton(command, what));
}
