// A status document and metrics as of a large daemon that has seen something.

const HOUR_MS = 3_600_000;
const RESULTS = { 4: "failed", 5: "failed", 11: "partial", 12: "partial", 13: "partial", 20: "held" };
const SPREAD = [3, 41, 12, 160, 0, 7, 28, 90];

const before = (milliseconds) => new Date(Date.now() - milliseconds).toISOString();

function round(i) {
    const result = RESULTS[i] ?? "ok";
    return {
        result,
        started_at: before((i + 0.2) * HOUR_MS),
        duration_seconds: 2.1 + SPREAD[i % 8] / 50 + (result === "failed" ? 4 : 0),
        generation: 1873 - i,
        names: 1_234_567 - i * 1200,
        added: i === 31 ? 1_197_367 : SPREAD[i % 8] * 37,
        removed: i === 31 ? 0 : SPREAD[(i + 3) % 8],
        error: result === "failed" ? "source eu: glue.GetDatabases: 503 after 4 attempts" : null,
    };
}

const DENIED = "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/eidcached/" +
    "i-0abc is not authorized to perform: glue:GetTables";

const failing = (name, hours, error) =>
    ({ name, several: false, verified_at: hours ? before(hours * HOUR_MS) : null, error });

function source(name, scopes, names, failed, failing_scopes = []) {
    return { name, type: "aws", scopes, failed_scopes: failed, names,
        verified_at: before(failed > 0 ? 26 * HOUR_MS : 12 * 60_000),
        error: failed > 0 ? `${failing_scopes[0].name}: ${failing_scopes[0].error}` : null,
        failing_scopes };
}

export function drawnStatus() {
    return {
        service: "eidcached", version: "0.1.0", started_at: before(400 * HOUR_MS),
        generation: { number: 1873, id: "1b299bcf509275bb", created_at: before(12 * 60_000),
            refreshed_at: before(12 * 60_000), verified_at: before(26 * HOUR_MS),
            age_seconds: 93600, names: 1_234_567, bytes: 98_765_432, partial: true, stale: false },
        refresh: { state: "idle", last_result: "partial", last_error: null,
            last_duration_seconds: 2.1, next_at: before(-48 * 60_000),
            history: Array.from({ length: 32 }, (_, i) => round(i)) },
        sources: [
            source("tables_eu", 5210, 1_102_345, 0),
            source("tables_us", 871, 132_181, 3, [
                failing("us-east-1/finance_archive", 26, DENIED),
                failing("us-east-1/new_database", 0, "ThrottlingException after 8 attempts"),
            ]),
            source("overrides", 1, 41, 0),
        ],
        guard: { held: false, removals: 0, sample: null },
        stores: [
            { url: "file:///var/lib/eidcached", role: "primary",
                last_saved_at: before(12 * 60_000), error: null },
            { url: "s3://data-platform-eids/eidcached/prod", role: "secondary",
                last_saved_at: before(3 * HOUR_MS), error: "PutObject: 403 AccessDenied" },
        ],
        lookups: { forward: 0, reverse: 0, misses: 0 },
    };
}

/** As many scopes as tables_eu has. */
export function drawnScopes() {
    return { scopes: Array.from({ length: 5210 }, (_, i) =>
        ({ name: `eu-west-1/database_${i}`, verified_at: before(i * 1000) })) };
}

/** A function that gives the next scrape: some thousand look-ups after the one before. */
export function risingMetrics() {
    let lookups = 1_000_000;
    return () => {
        lookups += 12_000 + Math.round(Math.random() * 4000);
        const bucket = (le, share) => "eidcached_http_request_duration_seconds_bucket" +
            `{route="/v1/forward/{name}",le="${le}"} ${Math.round(lookups * share)}`;
        return [
            `eidcached_lookups_total{direction="forward",result="hit"} ${lookups}`,
            `eidcached_lookups_total{direction="forward",result="miss"} ${lookups >> 5}`,
            `eidcached_lookups_total{direction="reverse",result="hit"} ${lookups >> 2}`,
            bucket("5e-05", 0.8), bucket("0.0001", 0.97), bucket("0.00025", 0.995),
            bucket("+Inf", 1), "",
        ].join("\n");
    };
}
