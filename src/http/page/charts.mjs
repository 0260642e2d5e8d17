// What the charts share.
import { svg } from "./dom.mjs";

const LINE_HEIGHT = 96;
const TOP = 16; // room for the label of the highest line

/** The next round number that is not below. */
export function niceCeiling(value) {
    if (!(value > 0))
        return 1;
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power)
        .find((step) => step >= value * 0.999);
}

/** Draws anew for each new data and each new width: draw(width, data) gives an element. */
export function fitted(element, draw) {
    let data = null;
    let drawnWidth = 0;
    const redraw = () => {
        drawnWidth = element.clientWidth;
        if (drawnWidth > 0 && data !== null)
            element.replaceChildren(draw(drawnWidth, data));
    };
    new ResizeObserver(() => element.clientWidth !== drawnWidth && redraw()).observe(element);
    return (next) => {
        data = next;
        redraw();
    };
}

export function frame(width, height, label, ...children) {
    return svg("svg", {
        width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label,
    }, ...children);
}

export function label(x, y, text, attributes = {}) {
    return svg("text", { x, y, class: "label", ...attributes }, text);
}

/** The path through the points that are there; a gap where one is null. */
function pathOf(values, x, y) {
    let pen = "M";
    return values.map((value, i) => {
        if (value === null) {
            pen = "M";
            return "";
        }
        const step = `${pen}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
        pen = "L";
        return step;
    }).join("");
}

function lastPoint(values, x, y, name) {
    const at = values.findLastIndex((value) => value !== null);
    return at < 0 ? null
        : svg("circle", { cx: x(at), cy: y(values[at]), r: 3, class: `dot ${name}` });
}

/** Lines over the last `capacity` samples, the newest at the right.
 * series: [{ name (a class), values }]; format writes the value of the top line. */
export function lineChart(width, { series, capacity, format, text }) {
    const highest = Math.max(0, ...series.flatMap(({ values }) => values));
    const top = niceCeiling(highest);
    const count = series[0].values.length;
    const x = (i) => width - 4 - (count - 1 - i) * ((width - 8) / (capacity - 1));
    const y = (value) => TOP + (LINE_HEIGHT - TOP - 4) * (1 - value / top);
    const grid = [top, top / 2, 0].map((value) =>
        svg("line", { x1: 0, x2: width, y1: y(value), y2: y(value), class: "grid" }));
    return frame(width, LINE_HEIGHT, text, ...grid, label(0, TOP - 4, format(top)),
        ...series.map(({ name, values }) =>
            svg("path", { d: pathOf(values, x, y), class: `line ${name}` })),
        ...series.map(({ name, values }) => lastPoint(values, x, y, name)));
}
