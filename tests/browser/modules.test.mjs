// The page's modules that need no browser.
import { test } from "node:test";
import assert from "node:assert/strict";
import * as format from "../../src/http/page/format.mjs";
import * as metrics from "../../src/http/page/metrics.mjs";
import { containing, oldestFirst } from "../../src/http/page/scopes.mjs";
import { refreshActivity, sourceState, stateOf, storeState } from "../../src/http/page/verdict.mjs";

/** Each [argument, expected] of a function of one argument. */
function table(check, rows) {
    for (const [argument, expected] of rows)
        assert.deepEqual(check(argument), expected, String(argument));
}

test("numbers", () => {
    table(format.grouped, [[0, "0"], [999, "999"], [1000, "1\u202f000"],
        [1234567, "1\u202f234\u202f567"]]);
    table(format.age, [[-3, "0 s"], [0.4, "0 s"], [59.9, "59 s"], [60, "1 min"], [200, "3 min 20 s"],
        [7260, "2 h 1 min"], [86400, "1 d"], [190000, "2 d 4 h"]]);
    table(format.duration, [[0, "0 µs"], [0.0000384, "38.4 µs"], [0.00125, "1.25 ms"],
        [0.9999, "1000 ms"], [2.5, "2.5 s"], [90, "1 min 30 s"]]);
    table(format.bytes, [[0, "0\u00a0B"], [1023, "1023\u00a0B"], [1024, "1\u00a0KiB"],
        [5 << 20, "5\u00a0MiB"]]);
    table(format.rate, [[0, "0"], [0.333333, "0.33"], [12345.6, "12\u202f346"]]);
    assert.equal(format.counted(1, "name"), "1 name");
    assert.equal(format.counted(2, "entry", "entries"), "2 entries");
});

test("command lines", () => {
    const line = (key, token = false) => format.curlLine("http://h/", "forward", key, token);
    assert.equal(line("sales"), "curl -sS 'http://h/v1/forward/sales'");
    assert.equal(line("it's"), "curl -sS 'http://h/v1/forward/it%27s'");
    assert.equal(line("a/b ?&ä"), "curl -sS 'http://h/v1/forward/a%2Fb%20%3F%26%C3%A4'");
    assert.equal(line(".."), "curl -sS 'http://h/v1/forward?name=..'");
    assert.equal(line("$(id)", true),
        "curl -sS -H \"Authorization: Bearer $TOKEN\" 'http://h/v1/forward/%24(id)'");
    assert.equal(format.shellQuoted("a'b"), "'a'\\''b'");
    assert.equal(format.encoded("\ud800"), "%EF%BF%BD"); // where encodeURIComponent throws
});

const BUCKET = "eidcached_http_request_duration_seconds_bucket";

test("metrics are read", () => {
    const samples = metrics.parseMetrics('# HELP x y\nx 1\ny{a="b",c="d\\"}e"} 2.5 17\nbroken{\n\n');
    assert.deepEqual(samples, [{ name: "x", labels: {}, value: 1 },
        { name: "y", labels: { a: "b", c: 'd\\"}e' }, value: 2.5 }]);
    const counters = metrics.readCounters([
        'eidcached_lookups_total{direction="forward",result="hit"} 5',
        'eidcached_lookups_total{direction="forward",result="miss"} 2',
        'eidcached_lookups_total{direction="reverse",result="hit"} 3',
        `${BUCKET}{route="/v1/forward/{name}",le="0.1"} 4`,
        `${BUCKET}{route="/v1/reverse",le="0.1"} 3`,
        `${BUCKET}{route="/v1/status",le="0.1"} 100`,
        `${BUCKET}{route="/v1/reverse",le="+Inf"} 3`].join("\n"), 7);
    assert.deepEqual(counters, { at: 7, forward: 7, reverse: 3, misses: 2,
        buckets: new Map([[0.1, 7], [Infinity, 3]]) });
});

test("metrics that are not there give nothing", () => {
    const none = metrics.readCounters("", 0);
    assert.deepEqual(metrics.between(none, { ...none, at: 1 }),
        { forward: 0, reverse: 0, misses: 0, median: null, p99: null });
    assert.equal(metrics.between(none, none), null); // no time between them
    const later = { ...none, at: 1, forward: 5 };
    assert.equal(metrics.between(later, { ...none, at: 2 }), null); // it started anew
});

test("quantiles are interpolated in their bucket", () => {
    const cumulative = [[0.1, 0], [0.2, 10], [Infinity, 20]];
    assert.equal(metrics.quantile(cumulative, 0.25), 0.15000000000000002);
    assert.equal(metrics.quantile(cumulative, 0.99), 0.2); // beyond the last bound
    assert.equal(metrics.quantile([[0.1, 0]], 0.5), null);
    assert.equal(metrics.quantile([], 0.5), null);
});

const good = {
    generation: { partial: false, stale: false },
    refresh: { state: "idle", last_result: "ok", last_error: null },
    sources: [{ name: "a", scopes: 2, failed_scopes: 0, verified_at: "2026-01-01T00:00:00Z" }],
    guard: { held: false, removals: 0 },
    stores: [{ url: "file:///x", error: null }],
};
const word = (changes) => {
    const { level, word: said } = stateOf({ ...good, ...changes });
    return `${said}, ${level}`;
};
const refresh = (last_result, last_error = null) => ({ state: "idle", last_result, last_error });

test("the state is the worst that holds", () => {
    const stale = { partial: true, stale: true };
    const partial = { partial: true, stale: false };
    const held = { held: true, removals: 11 };
    assert.equal(word({}), "Fresh, ok");
    assert.equal(word({ stores: [{ url: "s3://b", error: "403" }] }), "Fresh, warn");
    assert.equal(word({ generation: partial }), "Partial, warn");
    assert.equal(word({ generation: partial, guard: held }), "Held, warn");
    assert.equal(word({ guard: held, refresh: refresh("failed", "x") }), "Failing, bad");
    assert.equal(word({ generation: stale, refresh: refresh("failed"), guard: held }), "Stale, bad");
    assert.equal(word({ refresh: refresh(null) }), "From a snapshot, wait");
    assert.equal(word({ generation: null, refresh: refresh(null) }), "No data yet, wait");
    assert.equal(word({ generation: null, refresh: refresh("failed", "x") }), "No data, bad");
});

test("a follower needs no refresh of its own", () => {
    const following = { state: "following", last_result: null, last_error: null };
    assert.equal(word({ refresh: following }), "Fresh, ok");
    assert.equal(refreshActivity(following).text, "Following a store");
});

test("what the refresher does", () => {
    const progress = { scopes_done: 12, scopes_known: 1250, all_known: false, names: 1, seconds_left: null };
    const text = (changes) =>
        refreshActivity({ state: "running", progress: { ...progress, ...changes } }).text;
    assert.equal(text({}), "12 of 1\u202f250 or more scopes, 1 name");
    assert.equal(text({ all_known: true, seconds_left: 62.5 }),
        "12 of 1\u202f250 scopes, 1 name, about 1 min 2 s left");
    assert.equal(refreshActivity({ state: "running" }).text, "Refreshing now");
    assert.deepEqual(refreshActivity({ state: "idle", next_at: "t" }),
        { term: "Next refresh in", until: "t" });
    assert.equal(refreshActivity({ state: "new" }).text, "new"); // one that is not known here
});

test("the part of a refresh that is done", () => {
    const part = (progress) => refreshActivity({ state: "running", progress }).part;
    assert.equal(part({ scopes_done: 1, scopes_known: 4, all_known: true, names: 0 }), 0.25);
    assert.equal(part({ scopes_done: 1, scopes_known: 4, all_known: false, names: 0 }), undefined);
    assert.equal(part({ scopes_done: 0, scopes_known: 0, all_known: true, names: 0 }), undefined);
    assert.equal(part(undefined), undefined);
});

test("scopes", () => {
    const scopes = [["b", "2026-01-01T00:00:00Z"], ["A", "2026-01-01T00:00:00.5Z"], ["d", null],
        ["c", "2025-01-01T00:00:00Z"], ["a", "2026-01-01T00:00:00Z"]]
        .map(([name, verified_at]) => ({ name, verified_at }));
    const names = (some) => some.map(({ name }) => name).join("");
    assert.equal(names(oldestFirst(scopes)), "dcabA");
    assert.equal(names(containing(scopes, "A")), "Aa");
    assert.equal(names(containing(scopes, "")), "bAdca");
});

test("a failing source is named", () => {
    const sources = [{ name: "a", failed_scopes: 0 }, { name: "b", failed_scopes: 3 }];
    const { sentence } = stateOf({ ...good, sources, generation: { partial: true } });
    assert.match(sentence, /^1 of 2 sources could not be listed in full: b\./);
});

test("sources and stores", () => {
    const source = (failed_scopes, error = null, verified_at = "2026-01-01T00:00:00Z") =>
        sourceState({ scopes: 2, failed_scopes, error, verified_at });
    assert.deepEqual(source(0), { level: "ok", word: "fresh" });
    assert.deepEqual(source(1, "x"), { level: "bad", word: "partly failing" });
    assert.deepEqual(source(2, "x"), { level: "bad", word: "failing" });
    assert.deepEqual(source(0, "a line is left out"), { level: "warn", word: "with a note" });
    assert.deepEqual(source(0, null, null), { level: "wait", word: "not listed yet" });
    assert.equal(storeState({ error: "403", last_saved_at: null }).word, "failing");
    assert.equal(storeState({ error: null, last_saved_at: null }).word, "not saved yet");
});
