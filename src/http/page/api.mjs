// The daemon's own API, and nothing else. The token lives here, in memory only.
import { encoded } from "./format.mjs";

const TIMEOUT_MS = 10_000;
const TOKEN = /^[\x21-\x7e]+$/; // what a header can carry

let token = null;
let serverAhead = 0; // milliseconds from this clock to the daemon's

/** The daemon refused: 401 (a token is needed, or is wrong) or any other answer. */
export class Refused extends Error {
    constructor(status, detail) {
        super(detail);
        this.status = status;
    }
}

/** The daemon was not reached. */
export class Unreachable extends Error {}

/** Why a list is not there: what serves the API may be older than this page. */
export function whyNot(error, what) {
    return error instanceof Refused && error.status === 404
        ? `This daemon does not list its ${what}.` : error.message;
}

export function hasToken() {
    return token !== null;
}

/** False when it cannot be a token at all. */
export function setToken(text) {
    if (text !== null && !TOKEN.test(text))
        return false;
    token = text;
    return true;
}

/** The time by the daemon's clock, in milliseconds. */
export function serverNow() {
    return Date.now() + serverAhead;
}

/** Where the API is: beside this document. */
export function origin() {
    return new URL(".", document.baseURI).href;
}

function takeTime(response) {
    const date = Date.parse(response.headers.get("Date") ?? "");
    const ahead = date - Date.now();
    if (Number.isFinite(ahead)) // the header has whole seconds: what is less is no difference
        serverAhead = Math.abs(ahead) > 2000 ? ahead : 0;
}

function problemOf({ status, text }) {
    try {
        return JSON.parse(text).detail ?? text;
    } catch {
        return text || `status ${status}`;
    }
}

function timeLimit(signal) {
    const limit = AbortSignal.timeout(TIMEOUT_MS);
    return signal ? AbortSignal.any([signal, limit]) : limit;
}

/** The whole answer, whatever its status: { ok, status, headers, text }. */
async function reach(path, accept, signal) {
    const headers = { Accept: accept };
    if (token !== null)
        headers.Authorization = `Bearer ${token}`;
    try {
        const response = await fetch(new URL(path, origin()),
            { headers, cache: "no-store", redirect: "error", signal: timeLimit(signal) });
        takeTime(response);
        return { ok: response.ok, status: response.status, headers: response.headers,
            text: await response.text() };
    } catch (error) {
        if (signal?.aborted)
            throw signal.reason;
        throw new Unreachable(`The daemon was not reached: ${error.message}`);
    }
}

async function request(path, accept, signal) {
    const answer = await reach(path, accept, signal);
    if (!answer.ok)
        throw new Refused(answer.status, problemOf(answer));
    return answer;
}

async function requestJson(path, signal) {
    const answer = await request(path, "application/json", signal);
    return { headers: answer.headers, document: JSON.parse(answer.text) };
}

export async function getStatus(signal) {
    return (await requestJson("v1/status", signal)).document;
}

export async function getMetrics(signal) {
    return (await request("metrics", "text/plain", signal)).text;
}

/** { generation, age, values }; values is empty for a miss. Asked as a batch of one, since a miss
 * is then no error, and a key of dots is no path. */
export async function lookUp(direction, key, signal) {
    const [parameter, value] = direction === "forward" ? ["name", "eid"] : ["eid", "name"];
    const { headers, document: answer } = await requestJson(
        `v1/${direction}?${parameter}=${encoded(key)}`, signal);
    const found = answer.results[0];
    return {
        generation: answer.generation,
        age: Number(headers.get("Age")),
        values: found[`${value}s`] ?? (found[value] === null ? [] : [found[value]]),
    };
}

/** [{ name, verified_at }] of all scopes of a source. */
export async function getScopes(source) {
    const scopes = [];
    let after = "";
    do {
        const from = after === "" ? "" : `&after=${encoded(after)}`;
        const { document: page } = await requestJson(
            `v1/scopes?source=${encoded(source)}&limit=10000${from}`);
        scopes.push(...page.scopes);
        after = page.next ?? "";
    } while (after !== "");
    return scopes;
}

/** { names: [{ name, eid }], next } of the names with a prefix, behind `after`. */
export async function getNames({ prefix, after, limit }, signal) {
    const from = after ? `&after=${encoded(after)}` : "";
    return (await requestJson(`v1/names?prefix=${encoded(prefix)}&limit=${limit}${from}`, signal))
        .document;
}
