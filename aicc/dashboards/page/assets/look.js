// Colours, names and mapped values, as a panel's field configuration has them.

import { format } from "./units.js";

const NAMED = {
  dark: { green: "#56a64b", orange: "#ff9830", red: "#f2495c", blue: "#5794f2", purple: "#b877d9", yellow: "#f2cc0c", text: "#ccccdc" },
  light: { green: "#37872d", orange: "#e56f00", red: "#c4162a", blue: "#1f60c4", purple: "#8f3bb8", yellow: "#cc9d00", text: "#24292e" },
};
// Green, orange and red are those of states, so they come late.
const PALETTE = ["#5794f2", "#b877d9", "#19a598", "#f2cc0c", "#33b5e5", "#e0528c", "#a0a7e8", "#c1915c", "#73bf69", "#8f8f5c", "#ff9830", "#96d98d"];
const known = new Map();

export const theme = () => document.documentElement.dataset.theme;
export const colour = (name) => NAMED[theme()][name] ?? name;

// Names that are there get colours in their order, so that the same name has the same colour in every panel.
export function learn(kinds) {
  for (const names of Object.values(kinds)) names.forEach((name, index) => known.set(name, PALETTE[index % PALETTE.length]));
}

function byName(name) {
  if (!known.has(name)) {
    let hash = 0;
    for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
    known.set(name, PALETTE[hash % PALETTE.length]);
  }
  return known.get(name);
}

// The configuration of one field: the panel's defaults, and what its name changes about them.
export function fieldOf(panel, name) {
  const field = { ...panel.fieldConfig.defaults };
  for (const { matcher, properties } of panel.fieldConfig.overrides) {
    if (!matches(matcher, name)) continue;
    for (const { id, value } of properties) field[id] = value;
  }
  return field;
}

function matches(matcher, name) {
  if (matcher.id === "byName") return matcher.options === name;
  if (matcher.id === "byRegexp") return new RegExp(matcher.options.replace(/^\/|\/$/g, "")).test(name);
  throw new Error(`unknown matcher ${matcher.id}`);
}

export function seriesColour(field, name) {
  const { mode, fixedColor } = field.color ?? {};
  return mode === "fixed" ? colour(fixedColor) : byName(name);
}

export function thresholdColour(field, value) {
  const step = field.thresholds.steps.findLast((one) => one.value === null || (value !== null && value >= one.value));
  return colour(step.color);
}

export function shown(field, value) {
  const option = field.mappings?.map((mapping) => mapping.options[String(value)]).find(Boolean);
  return option ? option.text : format(value, field.unit, field.decimals);
}

// "{{label}}" in legends; without a legend, the labels.
export function nameOf(metric, legend, title) {
  if (legend) return legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => metric[label] || "(none)");
  const labels = Object.entries(metric).filter(([label]) => label !== "__name__");
  return labels.length ? labels.map(([label, value]) => `${label}=${value}`).join(", ") : title;
}
