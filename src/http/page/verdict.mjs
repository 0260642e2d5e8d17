// What the status document means, as a level (for colour and shape), a word and a sentence. Pure.
import { age, counted, grouped } from "./format.mjs";

const verdict = (level, word, sentence) => ({ level, word, sentence });

/** Of one source: { level, word }. */
export function sourceState(source) {
    if (source.failed_scopes > 0 && source.failed_scopes < source.scopes)
        return { level: "bad", word: "partly failing" };
    if (source.failed_scopes > 0)
        return { level: "bad", word: "failing" };
    if (source.error)
        return { level: "warn", word: "with a note" };
    return source.verified_at
        ? { level: "ok", word: "fresh" }
        : { level: "wait", word: "not listed yet" };
}

export function storeState(store) {
    if (store.error)
        return { level: "bad", word: "failing" };
    return store.last_saved_at
        ? { level: "ok", word: "saved" }
        : { level: "wait", word: "not saved yet" };
}

function cold(refresh) {
    if (refresh.last_result === "failed")
        return verdict("bad", "No data", `The first refresh failed: ${refresh.last_error}`);
    return verdict("wait", "No data yet", "The first refresh is under way.");
}

function failingSources(sources) {
    const failing = sources.filter((source) => source.failed_scopes > 0);
    if (failing.length === 0)
        return "Some of what is served was not confirmed by the last refresh.";
    const names = failing.map((source) => source.name).join(", ");
    const what = `${failing.length} of ${counted(sources.length, "source")}`;
    return `${what} could not be listed in full: ${names}. What it had is kept, and ages.`;
}

function whole(status) {
    const unsaved = status.stores.filter((store) => store.error);
    const sentence = status.refresh.state === "following"
        ? "The newest image of the store that is followed is served."
        : "The last refresh confirmed every source.";
    if (unsaved.length === 0)
        return verdict("ok", "Fresh", sentence);
    const urls = unsaved.map((store) => store.url).join(", ");
    return verdict("warn", "Fresh", `${sentence} It could not be saved to ${urls}.`);
}

/** Of a status document. The worst that holds is what is said. */
export function stateOf(status) {
    const { generation, refresh, guard, sources } = status;
    const error = refresh.last_error ? ` The last error: ${refresh.last_error}` : "";
    if (generation === null)
        return cold(refresh);
    if (generation.stale)
        return verdict("bad", "Stale",
            `No refresh has succeeded for longer than refresh.max_stale allows.${error}`);
    if (refresh.last_result === "failed")
        return verdict("bad", "Failing",
            `The last refresh failed; the data before it is served.${error}`);
    if (guard.held)
        return verdict("warn", "Held",
            `${counted(guard.removals, "entry", "entries")} vanished at once. They are still ` +
            "served, until they return, their removal is accepted, or " +
            `${guard.confirmations} refreshes in a row agree (so far: ${guard.agreed}).`);
    if (refresh.last_result === null && refresh.state !== "following")
        return verdict("wait", "From a snapshot",
            "What an earlier run saved is served; the first refresh of this one is under way.");
    return generation.partial
        ? verdict("warn", "Partial", failingSources(sources))
        : whole(status);
}

/** How far a refresh has come: "12 of 250 scopes, 8 000 names, about 20 s left". */
function progressOf({ progress }) {
    if (!progress)
        return "Refreshing now";
    const known = `${grouped(progress.scopes_known)}${progress.all_known ? "" : " or more"}`;
    const left = progress.seconds_left;
    return `${grouped(progress.scopes_done)} of ${known} scopes, ` +
        counted(progress.names, "name") + (left === null ? "" : `, about ${age(left)} left`);
}

/** How much of a refresh is done, from 0 to 1; undefined while that is not known. */
function partOf({ progress }) {
    return progress?.all_known && progress.scopes_known > 0
        ? progress.scopes_done / progress.scopes_known : undefined;
}

/** What the refresher does now: a term, and a text or the time that it waits until. */
export function refreshActivity(refresh) {
    const { state, next_at: until } = refresh;
    const activities = {
        idle: { term: "Next refresh in", until },
        backing_off: { term: "Trying again in", until },
        running: { term: "Refresh", text: progressOf(refresh), part: partOf(refresh) },
        following: { term: "Refresh", text: "Following a store" },
    };
    return activities[state] ?? { term: "Refresh", text: state };
}
