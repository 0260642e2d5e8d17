// Prometheus text, as far as this page needs it. Pure.

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;
const BUCKET = "eidcached_http_request_duration_seconds_bucket";
const LOOKUP_ROUTE = /^\/v1\/(forward|reverse)\b/;

/** [{ name, labels, value }] of a scrape. */
export function parseMetrics(text) {
    return text.split("\n").map((line) => SAMPLE.exec(line)).filter(Boolean).map((found) => ({
        name: found[1],
        labels: Object.fromEntries(
            [...(found[2] ?? "").matchAll(LABEL)].map((label) => [label[1], label[2]])),
        value: Number(found[3]),
    }));
}

function lookups(samples, chosen) {
    return samples
        .filter((one) => one.name === "eidcached_lookups_total" && chosen(one.labels))
        .reduce((sum, one) => sum + one.value, 0);
}

/** Upper bound to requests at most that slow, of all look-up routes together. */
function lookupBuckets(samples) {
    const buckets = new Map();
    for (const { name, labels, value } of samples) {
        if (name !== BUCKET || !LOOKUP_ROUTE.test(labels.route))
            continue;
        const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
        buckets.set(bound, (buckets.get(bound) ?? 0) + value);
    }
    return buckets;
}

/** What is counted so far: { at, forward, reverse, misses, buckets }; at in seconds. */
export function readCounters(text, at) {
    const samples = parseMetrics(text);
    return {
        at,
        forward: lookups(samples, (labels) => labels.direction === "forward"),
        reverse: lookups(samples, (labels) => labels.direction === "reverse"),
        misses: lookups(samples, (labels) => labels.result === "miss"),
        buckets: lookupBuckets(samples),
    };
}

/** The q-quantile of cumulative [bound, count] pairs, interpolated inside its bucket as
 * Prometheus does; null when nothing was counted. */
export function quantile(cumulative, q) {
    const total = cumulative.at(-1)?.[1] ?? 0;
    if (total <= 0)
        return null;
    const rank = q * total;
    const at = cumulative.findIndex(([, count]) => count >= rank);
    const [bound, count] = cumulative[at];
    const [lower, below] = at > 0 ? cumulative[at - 1] : [0, 0];
    if (bound === Infinity)
        return lower;
    return lower + (bound - lower) * ((rank - below) / (count - below));
}

function bucketsSince(before, now) {
    return [...now.buckets.keys()].sort((a, b) => a - b)
        .map((bound) => [bound, now.buckets.get(bound) - (before.buckets.get(bound) ?? 0)]);
}

/** Between two readings: rates a second and latencies in seconds (null: nobody asked). Null when
 * they cannot be compared: no time between them, or the daemon started anew. */
export function between(before, now) {
    const seconds = now.at - before.at;
    if (seconds <= 0 || now.forward < before.forward || now.reverse < before.reverse)
        return null;
    const each = (key) => Math.max(0, (now[key] - before[key]) / seconds);
    const buckets = bucketsSince(before, now);
    return {
        forward: each("forward"),
        reverse: each("reverse"),
        misses: each("misses"),
        median: quantile(buckets, 0.5),
        p99: quantile(buckets, 0.99),
    };
}
