// Values as people read them, in Grafana's units. An unknown unit is an error: it would be shown wrongly.

const SI = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"]];
const BINARY = [[2 ** 50, "PiB"], [2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]];
const SHORT = [[1e12, " T"], [1e9, " Bil"], [1e6, " Mil"], [1e3, " K"], [1, ""]];
const SECONDS = [[86400 * 365, "years"], [86400, "days"], [3600, "hours"], [60, "mins"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"]];

function digits(value, decimals) {
  const size = Math.abs(value);
  const most = decimals ?? (size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 0.01 ? 2 : 4);
  const text = value.toLocaleString("en-US", { maximumFractionDigits: most, minimumFractionDigits: decimals ?? 0 });
  return text === "-0" ? "0" : text;
}

function scaled(value, scale, decimals, gap) {
  const [factor, name] = scale.find(([size]) => Math.abs(value) >= size) ?? scale[value === 0 ? scale.findIndex(([size]) => size === 1) : scale.length - 1];
  return `${digits(value / factor, decimals)}${gap}${name}`;
}

const UNITS = {
  none: (value, decimals) => digits(value, decimals),
  short: (value, decimals) => Math.abs(value) < 1000 ? digits(value, decimals) : scaled(value, SHORT, decimals, ""),
  percentunit: (value, decimals) => `${digits(100 * value, decimals)}%`,
  reqps: (value, decimals) => `${digits(value, decimals)} req/s`,
  celsius: (value, decimals) => `${digits(value, decimals)} °C`,
  watt: (value, decimals) => `${scaled(value, SI, decimals, " ")}W`,
  kwatth: (value, decimals) => `${scaled(1000 * value, SI, decimals, " ")}Wh`,
  bytes: (value, decimals) => scaled(value, BINARY, decimals, " "),
  s: (value, decimals) => scaled(value, SECONDS, decimals, " "),
};

export function format(value, unit, decimals) {
  if (value === null || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (unit.startsWith("suffix:")) return digits(value, decimals) + unit.slice("suffix:".length);
  if (unit.startsWith("si:")) return scaled(value, SI, decimals, " ") + unit.slice("si:".length);
  if (!(unit in UNITS)) throw new Error(`unknown unit ${unit}`);
  return UNITS[unit](value, decimals);
}

// As marks on an axis: the legend has the unit.
export function mark(value, unit) {
  if (unit.startsWith("suffix:") || unit === "reqps") return digits(value);
  if (unit.startsWith("si:")) return scaled(value, SI, undefined, " ").trim();
  return format(value, unit);
}

// Round numbers between two values, about `wanted` of them, in steps that fit the unit.
export function ticks(low, high, unit, wanted) {
  const base = unit === "bytes" ? 1024 : 10;
  const steps = unit === "bytes" ? [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] : unit === "s" ? [1, 1.5, 2, 3, 5] : [1, 2, 2.5, 5];
  const raw = (high - low) / wanted || 1;
  const power = base ** Math.floor(Math.log(raw) / Math.log(base));
  const step = power * (steps.find((one) => one * power >= raw) ?? base);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-9; at += step) found.push(Math.abs(at) < step / 1e6 ? 0 : at);
  return found;
}
