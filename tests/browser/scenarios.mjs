// What people do with the page. Each scenario: the views it wants, and what happens in them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ALL_VIEWS, act, drive, each } from "./driver.mjs";
import { drawnScopes, drawnStatus, risingMetrics } from "./drawn.mjs";

const [WIDE, WIDE_DARK, NARROW, NARROW_DARK, MIDDLE] = ALL_VIEWS;
const STEP_MAX_MS = 400 * Number(process.env.EIDC_SLOW ?? "1");
const eidOf = (name) => createHash("sha256").update(name).digest("hex").slice(0, 32);
const figure = (term) => `#figures div:has(dt:text-is("${term}")) dd`;
const source = (name) => `#sources li:has(bdi:text-is("${name}"))`;

async function lookUpBothWays(view) {
    const { page } = view;
    await page.fill("#q", "sales");
    await view.sees("#answer h3", /^EID of sales$/);
    await view.sees("#answer .value", new RegExp(`^${eidOf("sales")}$`));
    await view.sees("#answer .command", /curl -sS 'http:.*\/v1\/forward\/sales'/);
    assert.equal(await page.locator("#q-list [role=option] .name").first().innerText(), "sales");
    await page.fill("#q", `  ${eidOf("sales.orders").toUpperCase()} `); // as it is pasted
    await view.sees("#answer h3", /^Name of /);
    await view.sees("#answer .value", /^sales\.orders$/);
    await page.fill("#q", "nobody");
    await view.sees("#answer", /Nothing has the name or EID nobody\./);
    await page.fill("#q", "sale");
    await view.sees("#answer", /Nothing is exactly sale; there are names that begin so\./);
    await page.fill("#q", "sales");
    await view.sees("#answer .value", new RegExp(`^${eidOf("sales")}$`));
}

async function turnsRed(view) {
    await view.sees(source("tables"), /failing/);
    await view.sees(`${source("tables")} .error`, /tables\.txt/);
    const [red, green, blue] = await view.page.locator(`${source("tables")} .badge`).evaluate(
        (badge) => getComputedStyle(badge).color.match(/\d+/g).map(Number));
    assert.ok(red > 1.3 * green && red > 1.3 * blue, `rgb(${red}, ${green}, ${blue}) is not red`);
    await view.sees(source("names"), /fresh/);
}

/** A day of a daemon, seen in all views at once and never reloaded. */
async function follows(views) {
    await each(views, (view) => view.open());
    await each(views, (view) => view.hasState("Fresh", "ok"));
    await each(views, (view) => view.sees(figure("Names"), /^3$/));
    await each(views, lookUpBothWays);
    for (const view of views)
        await view.inspect("fresh");

    await act("more-names");
    await each(views, (view) => view.sees(figure("Generation"), /^2[0-9a-f]{16}$/));
    await each(views, (view) => view.sees(figure("Names"), /^43$/));
    await each(views, (view) => view.sees("#names-note", /^1 to 15$/));
    await each(views, (view) => view.page.waitForFunction(
        () => document.querySelectorAll("#history-rows tr").length === 2));

    await act("lose-tables");
    await each(views, (view) => view.hasState("Partial", "warn"));
    await each(views, turnsRed);
    for (const view of views)
        await view.inspect("partial");

    await act("shrink");
    await each(views, (view) => view.hasState("Held", "warn"));
    await each(views, (view) => view.sees("#verdict-sentence", /or 3 refreshes in a row agree \(so far: 1\)/));
    await each(views, (view) => view.sees("#guard", /Held: 40 entries\s*Such as sales\./));
    await each(views, (view) => view.sees("#guard code", /^eidctl refresh --accept-shrink$/));
    for (const view of [views[0], views[3]])
        await view.inspect("held");

    await act("accept");
    await each(views, (view) => view.hasState("Fresh", "ok"));
    await each(views, (view) => view.page.locator("#guard").waitFor({ state: "hidden" }));

    for (const view of views)
        view.allow(/Failed to load resource: net::ERR_/);
    await views[0].page.context().setOffline(true);
    await views[0].hasState("Not reachable", "bad");
    await views[0].page.context().setOffline(false);
    await views[0].page.getByRole("button", { name: "Try now" }).click();
    await views[0].hasState("Fresh", "ok");

    await act("stop");
    await each(views, (view) => view.hasState("Not reachable", "bad"));
    await each(views, (view) => view.sees("#verdict-sentence", /^No answer since \d/));
    for (const view of [views[1], views[2]])
        await view.inspect("unreachable");
}

async function cold(views) {
    await each(views, (view) => view.open());
    await each(views, (view) => view.hasState("No data", "bad"));
    await each(views, (view) => view.sees("#verdict-sentence", /names\.txt/));
    for (const view of views) {
        for (const field of ["#q", "#prefix"]) // there is nothing to ask for
            await view.page.locator(field).waitFor({ state: "hidden" });
        await view.inspect("cold");
    }
    await act("names");
    await each(views, (view) => view.hasState("Fresh", "ok"));
    await each(views, (view) => view.sees("#names", /sales/));
}

async function stale(views) {
    await each(views, (view) => view.open());
    await act("lose-names");
    await each(views, (view) => view.hasState("Stale", "bad"));
    await each(views, (view) => view.sees("#verdict-sentence", /max_stale.*names\.txt/));
    for (const view of views)
        await view.inspect("stale");
}

async function giveToken(view, token) {
    await view.page.fill("#token", token);
    await view.page.keyboard.press("Enter");
}

/** The answer to what was asked without the token comes after the token. */
async function giveTokenWhileAsking(view, token) {
    const { page } = view;
    let hold;
    const held = new Promise((resolve) => {
        hold = resolve;
    });
    await page.route("**/v1/status", hold, { times: 1 });
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    const request = await held;
    await giveToken(view, token);
    await request.continue().catch(() => {}); // the page may have given it up
}

async function token([view]) {
    const { page } = view;
    view.allow(/status of 401/);
    await view.open();
    await view.hasState("A token is needed", "wait");
    await page.locator("#q").waitFor({ state: "hidden" }); // there is nothing to ask yet
    await view.inspect("token");
    await giveToken(view, "wrong");
    await view.sees("#token-wrong", /refused/);
    await giveToken(view, "not a token \u2603");
    await view.sees("#token-wrong", /refused/);
    await giveToken(view, "s3cret-of-the-test");
    await view.hasState("Fresh", "ok");
    await page.fill("#q", "sales");
    await view.sees("#answer .command", /-H "Authorization: Bearer \$TOKEN"/);
    const kept = await page.evaluate(() => [localStorage.length, sessionStorage.length,
        document.cookie, document.documentElement.outerHTML.includes("s3cret-of-the-test")]);
    assert.deepEqual(kept, [0, 0, "", false]);
    await page.reload();
    await view.hasState("A token is needed", "wait");
    await giveTokenWhileAsking(view, "s3cret-of-the-test");
    await view.hasState("Fresh", "ok");
    assert.equal(await page.locator("#token-wrong").textContent(), "");
}

/** What has the focus, and that one can see it. */
async function focused(view) {
    const { name, visible } = await view.page.evaluate(() => {
        const element = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return { name: element.id || element.getAttribute("aria-label") || element.innerText,
            visible: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
    });
    assert.ok(visible, `the focus on ${name} cannot be seen`);
    return name;
}

async function keyboard([view]) {
    const { page } = view;
    const press = (key) => page.keyboard.press(key);
    await view.open();
    await view.hasState("Fresh", "ok");
    await press("Tab");
    assert.equal(await focused(view), "Skip to the look-up");
    await press("Enter");
    assert.equal(await focused(view), "q");

    await page.keyboard.type("sales.");
    await view.sees("#q-list", /sales\.orders/);
    assert.equal(await page.getAttribute("#q", "aria-expanded"), "true");
    await press("ArrowDown");
    await press("ArrowDown");
    await press("ArrowUp");
    const active = await page.getAttribute("#q", "aria-activedescendant");
    assert.equal(await page.getAttribute(`#${active}`, "aria-selected"), "true");
    await press("Enter");
    assert.equal(await page.inputValue("#q"), "sales.lines");
    assert.equal(await page.getAttribute("#q", "aria-expanded"), "false");
    await view.sees("#answer .value", new RegExp(eidOf("sales.lines")));
    await view.sees("#said", /The EID of sales\.lines is/);

    await press("Tab");
    assert.equal(await focused(view), `Copy the EID ${eidOf("sales.lines")}`);
    await press("Enter");
    await view.sees("#answer .copy", /Copied/);
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), eidOf("sales.lines"));
    await press("Tab");
    assert.equal(await focused(view), "Copy the curl line");
    await press("Space");
    await view.sees("#said", /Copied the curl line/);
    assert.match(await page.evaluate(() => navigator.clipboard.readText()),
        /^curl -sS 'http:\/\/127\.0\.0\.1:\d+\/v1\/forward\/sales\.lines'$/);

    await page.focus("#next");
    await press("Enter");
    await view.sees("#names-note", /^16 to 30$/);
    await page.focus("#next");
    await press("Enter");
    await view.sees("#names-note", /^31 to 44, the last$/);
    assert.equal(await focused(view), "first"); // the button it was on is disabled now
    await press("Enter");
    await view.sees("#names-note", /^1 to 15$/);

    await page.focus("#history-title ~ details summary");
    await press("Enter");
    await view.sees("#history-rows", /ok/);
    let last = "";
    for (let i = 0; i < 80 && last !== "/metrics"; i++) {
        await press("Tab");
        last = await focused(view);
    }
    assert.equal(last, "/metrics"); // nothing holds the focus on the way to the end

    assert.equal(await page.evaluate(() => // the reader wants no motion (driver.mjs)
        getComputedStyle(document.querySelector("#next")).transitionDuration), "0s");
    await page.focus("#q");
    await press("Escape");
    assert.equal(await page.inputValue("#q"), "");
}

async function forwardAll(view, names) {
    for (const name of names) {
        await view.page.fill("#q", name);
        await view.sees("#answer .value", new RegExp(`^${eidOf(name)}$`));
    }
}

async function reverseAll(view, names) {
    for (const name of names) {
        await view.page.fill("#q", eidOf(name));
        await view.sees("#answer h3", new RegExp(`^Name of ${eidOf(name)}$`));
        assert.equal(await view.page.locator("#answer bdi.value").textContent(), name);
    }
}

/** Names are what anybody called a thing. The test gives them in its environment. */
async function hostile(views) {
    const names = JSON.parse(process.env.EIDC_NAMES);
    await each(views, (view) => view.open());
    await each(views, (view) => view.hasState("Fresh", "ok"));
    await each(views, (view) => view.sees("#names-note", /the last/));
    for (const view of views) {
        const shown = await view.page.locator("#names bdi").allTextContents();
        assert.deepEqual(shown.sort(), [...names].sort());
        assert.equal(await view.page.locator("img, iframe, main script").count(), 0);
        await view.inspect("scripts");
    }
    await Promise.all([forwardAll(views[0], names), reverseAll(views[1], names)]);
    await views.at(-1).page.fill("#q", names.find((name) => name.length > 500));
    await views.at(-1).sees("#answer h3", /^EID of/);
    await views.at(-1).inspect("long-name");
    const markup = await views[0].page.evaluate(() => {
        try {
            document.body.innerHTML = "<b>no</b>";
            return "taken";
        } catch (error) {
            return error.name;
        }
    });
    assert.equal(markup, "TypeError"); // the policy holds even if the script would not
    assert.match(views[0].wrong.pop(), /TrustedHTML/);
}

/** Where a name is broken although it could have been broken between two of its parts. */
const brokenParts = (names) => names.flatMap((name) => {
    const range = document.createRange();
    return [...name.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)
        .filter((node) => {
            range.selectNodeContents(node);
            return range.getClientRects().length > 1;
        }).map((node) => node.data);
});

/** Names of well over a hundred characters, of parts: lines end between these. */
async function longNames(views) {
    await each(views, (view) => view.open());
    await each(views, (view) => view.sees("#names", /warehouse/));
    for (const view of views) {
        await view.page.fill("#q", "marketing");
        await view.sees("#q-list", /marketing/);
        for (const selector of ["#names bdi", "#q-list bdi"])
            assert.deepEqual(await view.page.locator(selector).evaluateAll(brokenParts), [],
                `${view.label}: ${selector}`);
        await view.onOneLine("#names code");
        await view.inspect("long-names");
    }
}

const scopeRows = (view) => view.page.locator(`${source("tables")} .scopes li`);

/** 130 scopes, one of which cannot be listed since. */
async function scopes(views) {
    await each(views, (view) => view.open());
    await each(views, (view) => view.sees(source("tables"), /130 scopes, one by one/));
    await act("deny-one");
    await each(views, (view) => view.hasState("Partial", "warn"));
    for (const view of views) {
        const { page } = view;
        const inSource = (selector) => `${source("tables")} ${selector}`;
        await page.focus(inSource("summary"));
        await page.keyboard.press("Enter");
        await view.sees(inSource("details [role=status]"),
            /^50 of 130 scopes and .* the oldest first$/);
        assert.equal(await scopeRows(view).count(), 50);
        await view.sees(inSource(".scopes li"), /^eu-west-1\/db_00077\s*\d+ \w+/);
        await page.getByRole("button", { name: "Show more" }).press("Enter");
        assert.equal(await scopeRows(view).count(), 130);
        assert.equal(await page.getByRole("button", { name: "Show more" }).count(), 0);
        assert.match(await page.evaluate(() => document.activeElement.innerText), /db_0004\d/);
        await page.getByLabel("Those that contain").fill("DB_0012");
        await view.sees(inSource("details [role=status]"), /^10 of 130 scopes/);
        await page.getByLabel("Those that contain").fill("no such scope");
        await view.sees(inSource("details [role=status]"), /^No scope's name contains that\.$/);
        await page.getByLabel("Those that contain").fill("db_0007");
        await view.sees(inSource("details [role=status]"), /^10 of 130 scopes/);
        await view.inspect("scopes");
    }
    await act("heal");
    await each(views, (view) => view.hasState("Fresh", "ok"));
    for (const view of views) { // what was opened and typed is still there, and is of now
        assert.equal(await view.page.getByLabel("Those that contain").inputValue(), "db_0007");
        await view.sees(".scopes li", /^eu-west-1\/db_00070\s*(now|\d+ s ago)$/);
    }
}

/** A start from a snapshot whose first refresh takes its time. */
async function running(views) {
    await each(views, (view) => view.open());
    await each(views, (view) => view.hasState("From a snapshot", "wait"));
    await each(views, (view) => view.sees(figure("Refresh"), /^4 of 5 scopes, 8 names/));
    for (const view of views) {
        const done = await view.page.locator("#figures progress").evaluate((bar) => bar.value);
        assert.ok(Math.abs(done - 0.8) < 1e-9, `${done}`);
        await view.inspect("running");
    }
    await act("heal");
    await each(views, (view) => view.hasState("Fresh", "ok"));
    await each(views, (view) => view.sees(figure("Next refresh in"), /min|h/));
    assert.equal(await views[0].page.locator("#figures progress").count(), 0);
}

/** A daemon from before there were charts and scopes behind the same address. */
async function older([view]) {
    const { page } = view;
    view.allow(/status of 404/);
    await page.route("**/v1/status", async (route) => {
        const status = await (await route.fetch()).json();
        delete status.refresh.history;
        for (const one of status.sources) {
            delete one.failing_scopes;
            one.scopes = 2;
        }
        await route.fulfill({ json: status });
    });
    for (const path of ["v1/scopes?*", "v1/names?*", "metrics"])
        await page.route(`**/${path}`, (route) => route.fulfill({ status: 404, body: "" }));
    await view.open();
    await view.hasState("Fresh", "ok");
    await view.sees("#history-chart", /^No refresh has ended yet\.$/);
    await page.locator("#history-table").waitFor({ state: "hidden" });
    await page.locator("#live").waitFor({ state: "hidden" });
    await view.sees("#names-note", /^This daemon does not list its names\.$/);
    await page.click("#sources summary");
    await page.locator("#sources input").waitFor({ state: "hidden" });
    await view.sees("#sources details", /This daemon does not list its scopes\./);
    await page.fill("#q", "sales");
    await view.sees("#answer .value", new RegExp(`^${eidOf("sales")}$`));
    await view.inspect("older");
}

/** How long the page's one thread computed for what is done, in ms; a busy machine does not count. */
async function computedFor(page, does) {
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    const spent = async () => (await session.send("Performance.getMetrics")).metrics
        .find(({ name }) => name === "TaskDuration").value * 1000;
    const before = await spent();
    await does();
    const after = await spent();
    await session.detach();
    return after - before;
}

/** Five thousand scopes: nobody waits for their being opened, searched or shown. */
async function manyScopes(view) {
    const { page } = view;
    const within = (selector) => `${source("tables_eu")} details ${selector}`;
    const status = (pattern) => view.sees(within("[role=status]"), pattern);
    const steps = {
        open: async () => {
            await page.click(within("summary"));
            await status(/^50 of 5\u202f210 scopes and .* the oldest first$/);
        },
        search: async () => {
            await page.fill(within("input"), "database_52");
            await page.fill(within("input"), "");
            await status(/^50 of 5\u202f210 scopes/);
        },
        more: async () => {
            await page.click(within("button"));
            await status(/^250 of 5\u202f210 scopes/);
        },
    };
    for (const [name, does] of Object.entries(steps)) {
        const spent = await computedFor(page, does);
        assert.ok(spent < STEP_MAX_MS, `${view.label}: ${name} took ${spent} ms`);
    }
    await page.click(within("summary"));
}

/** A large and troubled daemon, played: what the charts make of it. */
async function drawn(views) {
    for (const { page } of views) {
        const metrics = risingMetrics();
        await page.route("**/v1/status", (route) => route.fulfill({ json: drawnStatus() }));
        await page.route("**/metrics", (route) => route.fulfill({ body: metrics() }));
        await page.route("**/v1/scopes?*", (route) => route.fulfill({ json: drawnScopes() }));
    }
    await each(views, (view) => view.open());
    await each(views, (view) => view.sees(figure("Names"), /^1\u202f234\u202f567$/));
    await each(views, (view) => view.sees("#history-legend", /ok 26.*partial 3.*held 1.*failed 2/s));
    await each(views, (view) => view.sees(source("tables_us"),
        /finance_archive, confirmed 1 d 2 h ago: Access.*new_database, never confirmed: .*1 more/s));
    await each(views, (view) => view.sees("#rate-figures .forward dd", /^[\d\u202f]+\/s$/));
    await each(views, (view) => view.sees("#latency-figures .p99 dd", /µs|ms/));
    for (const view of views) {
        assert.equal(await view.page.locator("#history-rows tr").count(), 32);
        assert.equal(await view.page.locator("#history-chart .column").count(), 32);
        await view.page.waitForFunction(() =>
            document.querySelector("#rate-chart .line.forward")?.getAttribute("d").includes("L"));
        await view.inspect("drawn");
    }
    await manyScopes(views[0]);
}

const SCENARIOS = {
    follows: [ALL_VIEWS, follows],
    cold: [[WIDE, NARROW_DARK], cold],
    stale: [[WIDE_DARK, NARROW], stale],
    token: [[NARROW], token],
    keyboard: [[WIDE], keyboard],
    hostile: [[WIDE, NARROW_DARK], hostile],
    longNames: [ALL_VIEWS, longNames],
    scopes: [[WIDE, NARROW_DARK, MIDDLE], scopes],
    running: [[WIDE, NARROW_DARK], running],
    older: [[MIDDLE], older],
    drawn: [[WIDE, NARROW_DARK, MIDDLE], drawn],
};

await drive(...SCENARIOS[process.argv[2]]);
process.exit(0); // the test's end of the conversation may still be open
