// Figures as they are read: thin spaces between thousands and before units, a true minus, and a dash where there is no figure.
const Thin = "\u202f";
const None = "–";

const grouped = new Map();

function fixed(value, digits) {
  if (!grouped.has(digits)) {
    grouped.set(digits, new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return grouped.get(digits).format(value).replaceAll(",", Thin).replace("-", "−");
}

const given = (value) => value !== null && value !== undefined && Number.isFinite(value);

/** Three significant digits below a thousand, whole numbers above. */
export function number(value) {
  if (!given(value)) return None;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.001)
    return value
      .toExponential(1)
      .replace("e-", "·10⁻")
      .replace(/⁻(\d+)$/, (_, d) => "⁻" + superscript(d))
      .replace("-", "−");
  return fixed(value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4);
}

const superscript = (digits) => [...digits].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]).join("");

export const count = (value) => (given(value) ? fixed(value, 0) : None);

/** As few digits as say it: for the marks of an axis. */
export function trimmed(value) {
  if (!given(value)) return "";
  return Math.abs(value) >= 1e5 ? short(value) : plain.format(value).replaceAll(",", Thin).replace("-", "−");
}

const plain = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/** Large counts, short: 1.23 M. */
export function short(value) {
  if (!given(value)) return None;
  const size = Math.abs(value);
  if (size >= 1e9) return fixed(value / 1e9, 2) + Thin + "G";
  if (size >= 1e6) return fixed(value / 1e6, 2) + Thin + "M";
  if (size >= 1e5) return fixed(value / 1e3, 0) + Thin + "k";
  return Number.isInteger(value) ? fixed(value, 0) : number(value);
}

export function money(value) {
  if (!given(value)) return None;
  const size = Math.abs(value);
  return size >= 1e6 ? short(value) : fixed(value, size >= 10_000 ? 0 : size >= 1 || size === 0 ? 2 : size >= 0.1 ? 3 : 4);
}

export function percent(value, digits) {
  if (!given(value)) return None;
  const percents = value * 100;
  const size = Math.abs(percents);
  return fixed(percents, digits ?? (size >= 99.95 ? 0 : size >= 10 ? 1 : size >= 1 || size === 0 ? 2 : 3)) + Thin + "%";
}

export function milliseconds(value) {
  if (!given(value)) return None;
  if (value >= 1000) return number(value / 1000) + Thin + "s";
  if (value > 0 && value < 0.1) return fixed(value * 1000, 0) + Thin + "µs";
  return number(value) + Thin + "ms";
}

/** A difference of shares: +1.2 pp. */
export function points(value) {
  if (!given(value)) return None;
  return (value >= 0 ? "+" : "") + fixed(value * 100, 1) + Thin + "pp";
}

const zoned = new Map();

function formatter(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!zoned.has(key)) zoned.set(key, new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone, hourCycle: "h23" }));
  return zoned.get(key);
}

/** @param date a Date; @param zone IANA name, undefined for the reader's own */
export const timeOfDay = (date, zone) => formatter(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(date);

export const hourAndMinute = (date, zone) => formatter(zone, { hour: "2-digit", minute: "2-digit" }).format(date);

export const dateAndTime = (date, zone) =>
  formatter(zone, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(date).replace(",", "");

export const words = (name) => name.replace(/[-_]/g, " ").replace(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);

export const capital = (name) => name.charAt(0).toUpperCase() + name.slice(1);

export const counted = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
