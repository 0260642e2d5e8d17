// Rates and latencies of look-ups, from one reading of /metrics to the next.
import { duration, rate } from "./format.mjs";
import { between, readCounters } from "./metrics.mjs";
import { byId, el, replace } from "./dom.mjs";
import { fitted, lineChart } from "./charts.mjs";

const SAMPLES = 100;
const SAMPLES_MIN = 20; // as many fill the width
const GAP_S = 15; // longer without a reading: a rate would hide what happened
const RATES = ["forward", "reverse", "misses"];
const LATENCIES = ["median", "p99"];
const TITLES = { forward: "Forward", reverse: "Reverse", misses: "Misses", median: "Median",
    p99: "99th percentile" };

const formats = { rate: (value) => `${rate(value)}/s`, latency: duration };

function shown(sample, key, format) {
    const value = sample?.[key] ?? null;
    return value === null ? "–" : format(value);
}

function figures(sample, keys, format) {
    return keys.map((key) => el("div", { class: key },
        el("dt", {}, el("span", { class: "key", "aria-hidden": "true" }), TITLES[key]),
        el("dd", {}, shown(sample, key, format))));
}

function chartData(samples, keys, format, title) {
    const latest = samples.at(-1);
    const now = keys.map((key) => `${TITLES[key]} ${shown(latest, key, format)}`).join(", ");
    return {
        series: keys.map((name) => ({ name, values: samples.map((one) => one?.[name] ?? null) })),
        capacity: Math.max(SAMPLES_MIN, samples.length),
        format,
        text: `${title}, now: ${now}`,
    };
}

/** A function that takes the text of /metrics. */
export function livePanel() {
    const drawRate = fitted(byId("rate-chart"), lineChart);
    const drawLatency = fitted(byId("latency-chart"), lineChart);
    const samples = [];
    let before = null;
    return (text) => {
        const now = readCounters(text, performance.now() / 1000);
        if (before !== null && now.at - before.at <= GAP_S)
            samples.push(between(before, now));
        else
            samples.push(null);
        before = now;
        samples.splice(0, samples.length - SAMPLES);
        const latest = samples.at(-1);
        replace(byId("rate-figures"), ...figures(latest, RATES, formats.rate));
        replace(byId("latency-figures"), ...figures(latest, LATENCIES, formats.latency));
        drawRate(chartData(samples, RATES, formats.rate, "Look-ups a second"));
        drawLatency(chartData(samples, LATENCIES, formats.latency, "Time to answer"));
    };
}
