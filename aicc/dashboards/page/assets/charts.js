// Panels that Plotly draws: values over time, and shares of a whole.

import { colour, fieldOf, nameOf, seriesColour, shown, theme } from "./look.js";
import { element } from "./elements.js";
import { format, mark, ticks } from "./units.js";

const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false };

const paper = () => ({
  paper_bgcolor: "rgba(0,0,0,0)",
  plot_bgcolor: "rgba(0,0,0,0)",
  font: { family: "inherit", size: 11, color: theme() === "dark" ? "#9fa7b3" : "#5c6370" },
  hoverlabel: { bgcolor: theme() === "dark" ? "#22252b" : "#fff", bordercolor: "#8a8f98", font: { size: 11, color: colour("text") } },
});

export function seriesOf(panel, answers) {
  return answers.flatMap(({ legend, result }) => result.map((one) => ({
    name: nameOf(one.metric, legend, panel.title),
    points: (one.values ?? [one.value]).map(([at, value]) => [at, Number(value)]),
  }))).filter((one) => one.points.some(([, value]) => !Number.isNaN(value)));
}

// On every step of the chosen time, null where nothing was recorded: a gap is a gap.
function grid(series, step, span) {
  const times = [];
  for (let at = span.from - (span.from % step); at <= span.to; at += step) times.push(at);
  const columns = series.map(({ points }) => {
    const at = new Map(points);
    return times.map((time) => (Number.isFinite(at.get(time)) ? at.get(time) : null));
  });
  return { times: times.map((at) => at * 1000), columns };
}

export function lines(panel, answers, body, { step, span, zoom }) {
  const series = seriesOf(panel, answers).sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
  const { times, columns } = grid(series, step, span);
  const custom = panel.fieldConfig.defaults.custom ?? {};
  const stacked = custom.stacking?.mode === "normal";
  const traces = series.map(({ name }, index) => {
    const field = fieldOf(panel, name);
    const line = { color: seriesColour(field, name), width: custom.lineWidth ?? 1.5 };
    return {
      type: "scatter", mode: "lines", name, x: times, y: columns[index], line, connectgaps: false,
      text: columns[index].map((value) => shown(field, value)), hovertemplate: "%{text}",
      ...(stacked ? { stackgroup: "all", fillcolor: `${line.color}59` } : { fill: series.length === 1 ? "tozeroy" : "none", fillcolor: `${line.color}1f` }),
    };
  });
  const axis = axisOf(panel, columns, stacked, body.clientHeight);
  const chart = element("div", "chart");
  body.replaceChildren(chart, legendOf(chart, series, columns, panel));
  Plotly.newPlot(chart, traces, {
    ...paper(), showlegend: false, hovermode: "x unified", dragmode: "zoom", margin: { l: axis.margin, r: 8, t: 6, b: 20 },
    xaxis: { type: "date", range: [span.from * 1000, span.to * 1000], showgrid: false, zeroline: false, tickformat: span.to - span.from > 2 * 86400 ? "%d %b" : "%H:%M", hoverformat: "%Y-%m-%d %H:%M:%S UTC" },
    yaxis: { ...axis.layout, fixedrange: true, zeroline: false, gridcolor: theme() === "dark" ? "#2b2f36" : "#e4e7ec" },
    shapes: axis.marks,
  }, CONFIG);
  chart.on("plotly_relayout", (change) => {
    if (change["xaxis.range[0]"]) zoom(change["xaxis.range[0]"], change["xaxis.range[1]"]);
  });
  return series.length > 0;
}

function axisOf(panel, columns, stacked, height) {
  const { min, max, unit, thresholds, custom } = panel.fieldConfig.defaults;
  const there = stacked
    ? columns[0].map((_, row) => columns.reduce((sum, column) => sum + (column[row] ?? 0), 0))
    : columns.flat().filter((value) => value !== null);
  const marked = custom?.thresholdsStyle?.mode === "dashed" ? thresholds.steps.filter((step) => step.value !== null) : [];
  const low = min ?? Math.min(...there);
  const top = Math.max(...there);
  // A threshold that is far above leaves no room for what there is.
  const near = marked.filter((step) => step.value <= 3 * top).map((step) => step.value);
  const high = max ?? Math.max(top, ...near) * 1.08;
  const room = high > low ? (high - low) * 0.05 : 1;
  const range = [low < 0 || min === undefined ? low - room : low, high > low ? high : low + 1];
  const values = ticks(range[0], range[1], unit, Math.max(2, Math.round(height / 55)));
  const texts = values.map((value) => mark(value, unit));
  const marks = marked.filter((step) => step.value <= range[1]).map((step) => ({
    type: "line", xref: "paper", x0: 0, x1: 1, y0: step.value, y1: step.value, line: { color: colour(step.color), width: 1.2, dash: "dash" },
  }));
  return { layout: { range, tickvals: values, ticktext: texts }, marks, margin: 16 + 6.2 * Math.max(...texts.map((text) => text.length)) };
}

function legendOf(chart, series, columns, panel) {
  return element("ul", "legend", series.map(({ name }, index) => {
    const field = fieldOf(panel, name);
    const swatch = element("i");
    swatch.style.background = seriesColour(field, name);
    const entry = element("li", "", [swatch, element("span", "name", name), element("b", "", shown(field, columns[index].slice(-3).findLast((value) => value !== null) ?? null))]);
    entry.title = `${name}: click to hide`;
    entry.onclick = () => {
      const hidden = entry.classList.toggle("hidden");
      Plotly.restyle(chart, { visible: hidden ? "legendonly" : true }, [index]);
    };
    return entry;
  }));
}

export function donut(panel, answers, body) {
  const series = seriesOf(panel, answers).map(({ name, points }) => ({ name, value: points.at(-1)[1], field: fieldOf(panel, name) }));
  series.sort((one, other) => other.value - one.value);
  const total = series.reduce((sum, { value }) => sum + value, 0);
  const chart = element("div", "chart");
  const legend = element("ul", "shares", series.map(({ name, value, field }) => {
    const swatch = element("i");
    swatch.style.background = seriesColour(field, name);
    const share = total > 0 ? format(value / total, "percentunit", 0) : "–";
    return element("li", "", [swatch, element("span", "name", name), element("b", "", share), element("span", "value", shown(field, value))]);
  }));
  body.replaceChildren(element("div", "donut", [chart, legend]));
  Plotly.newPlot(chart, [{
    type: "pie", hole: 0.68, sort: false, direction: "clockwise", textinfo: "none",
    labels: series.map(({ name }) => name), values: series.map(({ value }) => value),
    text: series.map(({ value, field }) => shown(field, value)), hovertemplate: "%{label}: %{text}, %{percent}<extra></extra>",
    marker: { colors: series.map(({ name, field }) => seriesColour(field, name)), line: { width: 0 } },
  }], {
    ...paper(), showlegend: false, margin: { l: 4, r: 4, t: 4, b: 4 },
    annotations: [{ text: format(total, panel.fieldConfig.defaults.unit), showarrow: false, font: { size: 14, color: colour("text") } }],
  }, CONFIG);
  return series.length > 0;
}
