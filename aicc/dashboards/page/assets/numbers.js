// Panels of numbers: big ones, bars, tables.

import { seriesOf } from "./charts.js";
import { element, vector } from "./elements.js";
import { fieldOf, shown, thresholdColour } from "./look.js";

const last = (points) => points.findLast(([, value]) => !Number.isNaN(value))[1];

export function stat(panel, answers, body) {
  const series = seriesOf(panel, answers);
  const { colorMode, graphMode } = panel.options;
  const filled = colorMode.startsWith("background");
  body.replaceChildren(...series.map(({ name, points }) => {
    const field = fieldOf(panel, name);
    const value = last(points);
    const tint = thresholdColour(field, value);
    const number = element("div", "number", parted(shown(field, value)));
    const parts = [number];
    if (series.length > 1) parts.unshift(element("div", "name", name));
    if (graphMode === "area" && points.length > 1) parts.push(spark(points, tint));
    const box = element("div", filled ? "big filled" : "big", parts);
    if (filled) box.style.setProperty("--tint", tint);
    else number.style.color = tint;
    return box;
  }));
  return series.length > 0;
}

// The unit is smaller than its number.
function parted(text) {
  const [number, ...unit] = text.split(" ");
  return [number, element("small", "", unit.length ? ` ${unit.join(" ")}` : "")];
}

function spark(points, tint) {
  const values = points.map(([, value]) => value).filter(Number.isFinite);
  const low = Math.min(0, ...values);
  const high = Math.max(...values);
  const [start, end] = [points[0][0], points.at(-1)[0]];
  const place = ([at, value]) => `${(100 * (at - start)) / (end - start || 1)},${28 - (26 * (value - low)) / (high - low || 1)}`;
  const path = points.filter(([, value]) => Number.isFinite(value)).map(place).join(" L");
  return vector("svg", { class: "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none" }, [
    vector("path", { d: `M0,30 L${path} L100,30 Z`, fill: tint, "fill-opacity": 0.16 }),
    vector("path", { d: `M${path}`, fill: "none", stroke: tint, "stroke-width": 1.4, "vector-effect": "non-scaling-stroke" }),
  ]);
}

export function bars(panel, answers, body) {
  const series = seriesOf(panel, answers).map(({ name, points }) => ({ name, value: last(points), field: fieldOf(panel, name) }));
  series.sort((one, other) => other.value - one.value);
  const top = panel.fieldConfig.defaults.max ?? Math.max(...series.map(({ value }) => value));
  body.replaceChildren(element("div", "bars", series.map(({ name, value, field }) => {
    const tint = thresholdColour(field, value);
    const fill = element("div", "fill");
    fill.style.width = `${100 * Math.min(1, top > 0 ? value / top : 0)}%`;
    fill.style.background = tint;
    const text = element("b", "", shown(field, value));
    text.style.color = tint;
    return element("div", "bar", [element("span", "name", name), element("div", "track", fill), text]);
  })));
  return series.length > 0;
}

// Rows of queries with the same labels become one; columns are renamed and ordered as Grafana's transformations say.
export function table(panel, answers, body) {
  const merged = new Map();
  for (const { refId, result } of answers) {
    for (const { metric, value } of result) {
      const labels = Object.fromEntries(Object.entries(metric).filter(([label]) => label !== "__name__"));
      const key = JSON.stringify(Object.entries(labels).sort());
      if (!merged.has(key)) merged.set(key, labels);
      merged.get(key)[answers.length > 1 ? `Value #${refId}` : "Value"] = Number(value[1]);
    }
  }
  const { indexByName, renameByName } = panel.transformations.find(({ id }) => id === "organize").options;
  const columns = Object.keys(indexByName).sort((one, other) => indexByName[one] - indexByName[other]);
  const rows = [...merged.values()];
  const sorted = { column: columns[0], up: true };
  const draw = () => {
    rows.sort((one, other) => compare(one[sorted.column], other[sorted.column]) * (sorted.up ? 1 : -1));
    const head = element("tr", "", columns.map((column) => {
      const cell = element("th", "", renameByName[column] + (column === sorted.column ? (sorted.up ? " ▴" : " ▾") : ""));
      cell.onclick = () => {
        sorted.up = sorted.column === column ? !sorted.up : true;
        sorted.column = column;
        draw();
      };
      return cell;
    }));
    const lines = rows.map((row) => element("tr", "", columns.map((column) => cellOf(panel, renameByName[column], row[column]))));
    body.replaceChildren(element("div", "scroll", element("table", "", [element("thead", "", head), element("tbody", "", lines)])));
  };
  draw();
  return rows.length > 0;
}

function compare(one, other) {
  if (one === undefined || other === undefined) return (one === undefined) - (other === undefined);
  return typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true });
}

function cellOf(panel, heading, value) {
  const field = fieldOf(panel, heading);
  if (typeof value !== "number") {
    const link = value && field.links?.[0];
    const text = link ? element("a", "", value) : value ?? "";
    if (link) text.href = link.url.replaceAll("${__value.text}", encodeURIComponent(value));
    return element("td", "", text);
  }
  const cell = element("td", "figure", shown(field, value));
  if (field["custom.cellOptions"]?.type === "color-text") cell.style.color = thresholdColour(field, value);
  return cell;
}
