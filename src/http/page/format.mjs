// Numbers, ages and command lines as people read them. Pure.

const THIN = "\u202f"; // narrow no-break space
const UNIT_SPACE = "\u00a0";

const AGE_UNITS = [
    ["d", 86400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
];

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 1234567 as "1 234 567", with thin spaces. */
export function grouped(number) {
    return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, THIN);
}

/** A count with its noun: (1, "name") is "1 name", (2, "name") is "2 names". */
export function counted(number, noun, plural = `${noun}s`) {
    return `${grouped(number)} ${number === 1 ? noun : plural}`;
}

/** Seconds as their two largest units: "4 s", "3 min 20 s", "2 d 5 h". */
export function age(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    const first = AGE_UNITS.findIndex(([, size]) => whole >= size);
    if (first < 0)
        return "0 s";
    const [unit, size] = AGE_UNITS[first];
    const rest = AGE_UNITS[first + 1];
    const second = rest ? Math.floor((whole % size) / rest[1]) : 0;
    const text = `${Math.floor(whole / size)} ${unit}`;
    return second > 0 ? `${text} ${second} ${rest[0]}` : text;
}

/** How long something took, to three digits: "38 µs", "1.25 ms", "2.5 s". */
export function duration(seconds) {
    if (seconds >= 60)
        return age(seconds);
    const [size, unit] = seconds >= 1 ? [1, "s"] : seconds >= 1e-3 ? [1e-3, "ms"] : [1e-6, "µs"];
    return `${Number((seconds / size).toPrecision(3))} ${unit}`;
}

/** A rate: whole above 100, else to two digits. */
export function rate(perSecond) {
    return perSecond >= 100 ? grouped(perSecond) : String(Number(perSecond.toPrecision(2)));
}

export function bytes(count) {
    let unit = 0;
    let left = count;
    for (; left >= 1024 && unit < BYTE_UNITS.length - 1; unit++)
        left /= 1024;
    const shown = left >= 100 ? Math.round(left) : Number(left.toPrecision(3));
    return `${shown}${UNIT_SPACE}${BYTE_UNITS[unit]}`;
}

const EXACTLY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** The exact time, in the reader's zone. */
export function exactTime(iso) {
    return EXACTLY.format(new Date(iso));
}

export function clockTime(milliseconds) {
    return new Date(milliseconds).toLocaleTimeString();
}

/** One word for a POSIX shell, whatever it holds. */
export function shellQuoted(word) {
    return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Percent-encoded for a path or a query. A lone surrogate, which no name has, becomes U+FFFD. */
export function encoded(text) {
    const whole = new TextDecoder().decode(new TextEncoder().encode(text));
    return encodeURIComponent(whole).replaceAll("'", "%27");
}

/** The curl line that asks what the page asked. Dots alone would be lost in a path. */
export function curlLine(origin, direction, key, withToken) {
    const parameter = direction === "forward" ? "name" : "eid";
    const rest = /^\.{1,2}$/.test(key) ? `?${parameter}=${encoded(key)}` : `/${encoded(key)}`;
    const token = withToken ? '-H "Authorization: Bearer $TOKEN" ' : "";
    return `curl -sS ${token}${shellQuoted(`${origin}v1/${direction}${rest}`)}`;
}
