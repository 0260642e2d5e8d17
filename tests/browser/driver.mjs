// One browser, some views of the page, and what every scenario asks of them. The test that starts
// this changes the daemon when it is told to: "act NAME" goes out, "ok" comes back.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import assert from "node:assert/strict";

const { EIDC_URL, EIDC_MODULES, EIDC_SHOTS, EIDC_SLOW = "1" } = process.env;
const require = createRequire(EIDC_MODULES);
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WAIT_MS = 20_000 * Number(EIDC_SLOW);

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage"];

export const ALL_VIEWS = [
    { width: 1280, height: 900, scheme: "light" },
    { width: 1280, height: 900, scheme: "dark" },
    { width: 360, height: 740, scheme: "light" },
    { width: 360, height: 740, scheme: "dark" },
    { width: 700, height: 900, scheme: "light" },
];

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has the test do something, and waits until it is done. */
export async function act(name) {
    console.log(`act ${name}`);
    const { value } = await answers.next();
    assert.equal(value, "ok", `act ${name}`);
}

/** One page. What it must never do is collected in `wrong`; allow(pattern) excuses some of it. */
class View {
    constructor(page, { width, scheme }) {
        Object.assign(this, { page, wrong: [], excused: [], label: `${width}-${scheme}` });
        page.setDefaultTimeout(WAIT_MS);
        page.on("console", (message) => {
            if (["error", "warning"].includes(message.type()))
                this.note(`console: ${message.text()}`);
        });
        page.on("pageerror", (error) => this.note(`uncaught: ${error.message}`));
        page.on("dialog", (dialog) => {
            this.note(`a dialog: ${dialog.message()}`);
            dialog.dismiss();
        });
    }

    note(text) {
        if (!this.excused.some((pattern) => pattern.test(text)))
            this.wrong.push(text);
    }

    allow(pattern) {
        this.excused.push(pattern);
    }

    async guardNetwork() {
        await this.page.route("**/*", (route) => {
            const url = route.request().url();
            if (url.startsWith(EIDC_URL) || url.startsWith("data:"))
                return route.fallback();
            this.note(`a request to others: ${url}`);
            return route.abort();
        });
    }

    async open() {
        const response = await this.page.goto(EIDC_URL);
        const policy = response.headers()["content-security-policy"] ?? "";
        assert.match(policy, /^default-src 'none'; script-src 'sha256-/);
        assert.doesNotMatch(policy, /unsafe/);
    }

    text(selector) {
        return this.page.locator(selector).innerText();
    }

    /** Waits until the element's text matches. */
    async sees(selector, pattern) {
        const element = this.page.locator(selector).first();
        try {
            await element.filter({ hasText: pattern }).waitFor();
        } catch {
            const now = await element.innerText({ timeout: 1000 }).catch(() => "(no element)");
            assert.fail(`${this.label}: ${selector} never matched ${pattern}; it is: ${now}`);
        }
    }

    async hasState(word, level) {
        await this.sees("#verdict-word", new RegExp(`^${word}$`));
        assert.equal(await this.page.locator("#verdict").getAttribute("data-level"), level);
    }

    /** None of the elements' text is on more than one line. */
    async onOneLine(selector) {
        const broken = await this.page.locator(selector).evaluateAll((elements) => elements
            .filter((element) => element.getClientRects().length > 1)
            .map((element) => element.textContent));
        assert.deepEqual(broken, [], `${this.label}: ${selector}`);
    }

    /** Nothing sticks out, axe finds nothing serious, and a picture is kept. */
    async inspect(name) {
        const over = await this.page.evaluate(() =>
            document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, `${this.label} ${name}: ${over} pixels too wide`);
        await this.onOneLine("#figures code");
        await this.page.screenshot({ path: `${EIDC_SHOTS}/${name}-${this.label}.png`,
            fullPage: true });
        await this.page.evaluate(AXE);
        const { violations } = await this.page.evaluate(
            (tags) => globalThis.axe.run(document, { runOnly: tags }), AXE_TAGS);
        const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
        assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html)}`), [],
            `${this.label} ${name}`);
    }
}

async function openView(browser, view) {
    const context = await browser.newContext({
        viewport: { width: view.width, height: view.height }, colorScheme: view.scheme,
        reducedMotion: "reduce", locale: "en-GB", permissions: ["clipboard-read", "clipboard-write"],
    });
    const opened = new View(await context.newPage(), view);
    await opened.guardNetwork();
    return opened;
}

/** Runs scenario(views) in one browser; the views are not opened yet. */
export async function drive(views, scenario) {
    mkdirSync(EIDC_SHOTS, { recursive: true });
    const browser = await chromium.launch(
        { executablePath: process.env.EIDC_CHROMIUM, args: ARGUMENTS });
    try {
        const opened = await Promise.all(views.map((view) => openView(browser, view)));
        await scenario(opened);
        for (const view of opened)
            assert.deepEqual(view.wrong, [], view.label);
    } finally {
        await browser.close();
    }
}

export const each = (views, what) => Promise.all(views.map(what));
