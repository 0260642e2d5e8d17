// Follows the daemon: asks every few seconds while somebody looks, and says so when it is gone.
import { clockTime } from "./format.mjs";
import { getMetrics, getStatus, hasToken, Refused, serverNow, setToken,
    Unreachable } from "./api.mjs";
import { byId, el, setText, tick, time } from "./dom.mjs";
import { historyPanel } from "./history.mjs";
import { lookUpAgain, startLookup } from "./lookup.mjs";
import { browseAgain, startBrowse } from "./browse.mjs";
import { showStatus, showVerdict } from "./panels.mjs";
import { livePanel } from "./live.mjs";

const POLL_MS = 3000;
const POLL_RUNNING_MS = 1000; // while a refresh goes on
const POLL_MAX_MS = 30_000;

const showHistory = historyPanel();
const showLive = livePanel();
const follow = { timer: 0, delay: POLL_MS, lostAt: 0, generation: null, asking: null };

function showTokenForm(wrong) {
    byId("token-form").hidden = false;
    setText(byId("token-wrong"), wrong ? "That token was refused." : "");
}

function takeStatus(status) {
    follow.delay = status.refresh.state === "running" ? POLL_RUNNING_MS : POLL_MS;
    follow.lostAt = 0;
    byId("token-form").hidden = true;
    document.body.dataset.known = status.generation === null ? "empty" : "yes";
    showStatus(status);
    showHistory(status.refresh.history ?? []); // another daemon may be behind the same address
    const generation = status.generation?.id ?? null;
    if (generation === follow.generation)
        return;
    follow.generation = generation;
    lookUpAgain();
    browseAgain();
}

function refused(error) {
    delete document.body.dataset.known;
    follow.delay = POLL_MAX_MS;
    if (error.status !== 401) {
        showVerdict({ level: "bad", word: "Refused", sentence: error.message });
        return;
    }
    showVerdict({ level: "wait", word: "A token is needed",
        sentence: "This daemon answers those who have its bearer token (http.token_file)." });
    showTokenForm(hasToken());
}

function lost() {
    follow.lostAt ||= Date.now();
    follow.delay = Math.min(POLL_MAX_MS, follow.delay * 2);
    const next = new Date(serverNow() + follow.delay).toISOString();
    const sentence = `No answer since ${clockTime(follow.lostAt)}. ` +
        "What is shown here is from before.";
    showVerdict({ level: "bad", word: "Not reachable", sentence },
        "Trying again in ", time(next, "until"), " ",
        el("button", { type: "button", onclick: poll }, "Try now"));
}

/** Without its metrics the page lacks two charts, and nothing else. */
async function askMetrics(signal) {
    try {
        showLive(await getMetrics(signal));
        byId("live").hidden = false;
    } catch (error) {
        if (!(error instanceof Refused))
            throw error;
        byId("live").hidden = true;
    }
}

async function askOnce(signal) {
    try {
        takeStatus(await getStatus(signal));
        await askMetrics(signal);
    } catch (error) {
        if (signal.aborted)
            return;
        if (error instanceof Refused)
            refused(error);
        else if (error instanceof Unreachable)
            lost();
        else
            throw error;
    }
}

async function poll() {
    clearTimeout(follow.timer);
    if (follow.asking || document.hidden)
        return;
    follow.asking = new AbortController();
    const { signal } = follow.asking;
    try {
        await askOnce(signal);
    } finally {
        follow.asking = null;
        follow.timer = setTimeout(poll, signal.aborted ? 0 : follow.delay);
    }
}

function useToken(event) {
    event.preventDefault();
    const { value } = byId("token");
    if (!setToken(value)) {
        showTokenForm(true);
        return;
    }
    byId("token").value = "";
    follow.asking?.abort(); // it has another token, or none
    poll();
}

function start() {
    startLookup();
    startBrowse();
    byId("token-form").addEventListener("submit", useToken);
    document.addEventListener("visibilitychange", poll);
    setInterval(() => document.hidden || tick(), 1000);
    poll();
}

start();
