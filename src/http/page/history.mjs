// The refreshes that are remembered: a chart, its legend, and the same as a table.
import { counted, duration, exactTime, grouped } from "./format.mjs";
import { byId, el, foreign, onChange, replace, svg, time } from "./dom.mjs";
import { fitted, frame, label, niceCeiling } from "./charts.mjs";

const LANES = { duration: [20, 64], marks: [92, 12], changes: [134, 60], names: [222, 36] };
const CHART_HEIGHT = 280;
const COLUMNS_MIN = 16;
const COLUMN_MAX = 30;

const RESULTS = {
    ok: { level: "ok", word: "ok", mark: "M6 1a5 5 0 1 0 .01 0z" },
    partial: { level: "warn", word: "partial", mark: "M6 1 11.5 11H.5z" },
    held: { level: "warn", word: "held", mark: "M2 1h3v10H2zM7 1h3v10H7z" },
    failed: { level: "bad", word: "failed",
        mark: "M2 .5 6 4.5l4-4L11.5 2l-4 4 4 4L10 11.5l-4-4-4 4L.5 10l4-4-4-4z" },
};
const UNKNOWN = { level: "wait", word: "unknown", mark: "M1 5h10v2H1z" };

const resultOf = (round) => RESULTS[round.result] ?? UNKNOWN;

function tooltip(round) {
    const took = duration(round.duration_seconds);
    return [
        `${exactTime(round.started_at)}: ${resultOf(round).word}, ${took}`,
        `generation ${round.generation}, ${counted(round.names, "name")}`,
        `${grouped(round.added)} added, ${grouped(round.removed)} removed`,
        ...(round.error ? [round.error] : []),
    ].join("\n");
}

function durationBar(round, x, width, highest) {
    const [top, height] = LANES.duration;
    const size = Math.max(1.5, round.duration_seconds / highest * height);
    return svg("rect", {
        x, y: top + height - size, width, height: size, rx: 1.5,
        class: `bar ${resultOf(round).level}`,
    });
}

function mark(round, x) {
    const { level, mark: d } = resultOf(round);
    return svg("path", { d, class: `bar ${level}`,
        transform: `translate(${x - 4.5} ${LANES.marks[0]}) scale(.75)` });
}

/** Added above the line, removed below it; a logarithm, since the first adds everything. */
function changeBars(round, x, width, most) {
    const [top, height] = LANES.changes;
    const middle = top + height / 2;
    const size = (count) => Math.log1p(count) / Math.log1p(most) * (height / 2 - 1);
    return [
        svg("rect", { x, y: middle - size(round.added), width, height: size(round.added),
            class: "bar added" }),
        svg("rect", { x, y: middle, width, height: size(round.removed), class: "bar removed" }),
    ];
}

function namesLine(rounds, xOf, width, most) {
    const [top, height] = LANES.names;
    const y = (names) => top + height * (1 - names / most);
    const steps = rounds.map(({ names }, i) => `H${xOf(i)}V${y(names)}H${xOf(i) + width}`).join("");
    const start = `M${xOf(0)} ${y(rounds[0].names)}`;
    const floor = top + height;
    return [
        svg("path", { d: `${start}${steps}V${floor}H${xOf(0)}z`, class: "area" }),
        svg("path", { d: `${start}${steps}`, class: "line names" }),
    ];
}

function column(round, x, width, scales) {
    return svg("g", { class: "column" },
        svg("title", {}, tooltip(round)),
        svg("rect", { x: x - 1, y: 0, width: width + 2, height: CHART_HEIGHT, class: "hit" }),
        durationBar(round, x, width, scales.seconds), mark(round, x + width / 2),
        ...changeBars(round, x, width, scales.changes));
}

function laneLabels(rounds, scales) {
    const least = Math.min(...rounds.map((round) => round.names));
    const most = Math.max(...rounds.map((round) => round.names));
    const range = least === most ? grouped(most) : `${grouped(least)} to ${grouped(most)}`;
    return [
        label(0, LANES.duration[0] - 8, `Duration, up to ${duration(scales.seconds)}`),
        label(0, LANES.changes[0] - 8,
            `Added above, removed below, up to ${grouped(scales.changes)} (log)`),
        label(0, LANES.names[0] - 8, `Names: ${range}`),
    ];
}

function baseline(width, y) {
    return svg("line", { x1: 0, x2: width, y1: y, y2: y, class: "grid" });
}

function summary(rounds) {
    const bad = rounds.filter((round) => round.result !== "ok").length;
    return `${counted(rounds.length, "refresh", "refreshes")}, ${bad} of them not ok; ` +
        "the table below has the figures";
}

/** rounds: the oldest first. */
function draw(width, rounds) {
    const step = Math.min(COLUMN_MAX, width / Math.max(COLUMNS_MIN, rounds.length));
    const bar = Math.max(3, step - 3);
    const xOf = (i) => width - (rounds.length - i) * step + (step - bar);
    const scales = {
        seconds: niceCeiling(Math.max(...rounds.map((round) => round.duration_seconds))),
        changes: Math.max(1, ...rounds.flatMap((round) => [round.added, round.removed])),
        names: Math.max(1, ...rounds.map((round) => round.names)),
    };
    return frame(width, CHART_HEIGHT, summary(rounds), ...laneLabels(rounds, scales),
        baseline(width, LANES.duration[0] + LANES.duration[1]),
        baseline(width, LANES.changes[0] + LANES.changes[1] / 2),
        baseline(width, LANES.names[0] + LANES.names[1]),
        ...namesLine(rounds, xOf, bar, scales.names),
        ...rounds.map((round, i) => column(round, xOf(i), bar, scales)),
        label(width, CHART_HEIGHT - 4, "the newest", { "text-anchor": "end" }));
}

function legend(rounds) {
    return Object.entries(RESULTS).map(([name, { level, word, mark: d }]) => {
        const count = rounds.filter((round) => round.result === name).length;
        return el("li", { "data-level": level },
            svg("svg", { width: 12, height: 12, viewBox: "0 0 12 12", "aria-hidden": "true" },
                svg("path", { d, class: `bar ${level}` })),
            `${word} ${grouped(count)}`);
    });
}

function row(round) {
    const cell = (...content) => el("td", {}, ...content);
    return el("tr", {},
        cell(time(round.started_at)), cell(resultOf(round).word),
        cell(duration(round.duration_seconds)), cell(grouped(round.generation)),
        cell(grouped(round.names)), cell(grouped(round.added)), cell(grouped(round.removed)),
        cell(round.error ? foreign(round.error) : ""));
}

/** A function that takes refresh.history of the status document, the newest first. */
export function historyPanel() {
    const chart = byId("history-chart");
    const drawChart = fitted(chart, draw);
    return onChange((newestFirst) => {
        if (newestFirst.length === 0)
            replace(chart, el("p", { class: "note" }, "No refresh has ended yet."));
        else
            drawChart(newestFirst.toReversed());
        byId("history-table").hidden = newestFirst.length === 0;
        replace(byId("history-legend"), ...(newestFirst.length > 0 ? legend(newestFirst) : []));
        replace(byId("history-rows"), ...newestFirst.map(row));
    });
}
