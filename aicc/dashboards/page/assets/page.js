// The page: which dashboard, which time, which values; and a panel for each that the dashboard has.

import { donut, lines } from "./charts.js";
import { element } from "./elements.js";
import { learn } from "./look.js";
import { bars, stat, table } from "./numbers.js";

const DRAW = { timeseries: lines, piechart: donut, stat, bargauge: bars, table };
const RANGES = { "now-15m": 900, "now-1h": 3600, "now-3h": 3 * 3600, "now-6h": 6 * 3600, "now-12h": 12 * 3600, "now-24h": 86400, "now-2d": 2 * 86400, "now-7d": 7 * 86400, "now-30d": 30 * 86400 };
const RANGE_NAMES = { "now-15m": "Last 15 minutes", "now-1h": "Last hour", "now-3h": "Last 3 hours", "now-6h": "Last 6 hours", "now-12h": "Last 12 hours", "now-24h": "Last 24 hours", "now-2d": "Last 2 days", "now-7d": "Last 7 days", "now-30d": "Last 30 days" };
const REFRESH = { "": "No refresh", "10s": "Every 10 s", "30s": "Every 30 s", "1m": "Every minute", "5m": "Every 5 minutes" };
const REFRESH_SECONDS = { "10s": 10, "30s": 30, "1m": 60, "5m": 300 };
const ALL = "$__all";

const uid = location.pathname.split("/").at(-1);
const address = new URLSearchParams(location.search);
const $ = (id) => document.getElementById(id);
let dashboard;
let timer;
let asking = new AbortController();

async function ask(path, signal) {
  const response = await fetch(path, { signal });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

function span() {
  const now = Math.floor(Date.now() / 1000);
  const from = address.get("from");
  if (from in RANGES) return { from: now - RANGES[from], to: now };
  return { from: Number(from) / 1000, to: Math.min(now, Number(address.get("to")) / 1000) };
}

function chosen(name) {
  const values = address.getAll(`var-${name}`);
  if (values.length) return values;
  const { includeAll, first } = variables().find((one) => one.name === name);
  return includeAll ? [ALL] : first === undefined ? [] : [first];
}

// The address says everything that is chosen, so that it can be kept and sent on.
function choose(changes) {
  for (const [name, values] of Object.entries(changes)) {
    address.delete(name);
    for (const value of values) address.append(name, value);
  }
  history.replaceState(null, "", `?${address}`);
  load();
}

function questions(more) {
  const { from, to } = span();
  const query = new URLSearchParams({ from: Math.floor(from), to: Math.floor(to), ...more });
  for (const { name } of variables()) chosen(name).forEach((value) => query.append(`var-${name}`, value));
  return query;
}

const variables = () => dashboard.templating.list.filter(({ type }) => type === "query");
const titled = (text) => text.replace(/\$(\w+)/g, (whole, name) => (variables().some((one) => one.name === name) ? named(chosen(name)) : whole));
const named = (values) => (values.includes(ALL) ? "all" : values.join(", ") || "–");

async function load() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  clearTimeout(timer);
  controls();
  $("state").textContent = "…";
  try {
    picked(await ask(`/api/dashboards/${uid}/variables?${questions({ points: 1 })}`, signal));
    await Promise.all(dashboard.panels.filter(({ type }) => type !== "row").map((panel) => fill(panel, signal)));
    $("state").textContent = `${new Date().toISOString().slice(11, 19)} UTC`;
  } catch (error) {
    if (signal.aborted) return;
    $("state").textContent = error.message;
  }
  const every = REFRESH_SECONDS[address.get("refresh")];
  if (every && !signal.aborted && address.get("from") in RANGES) timer = setTimeout(load, every * 1000);
}

async function fill(panel, signal) {
  const box = $(`panel-${panel.id}`);
  const body = box.querySelector(".body");
  try {
    const points = Math.max(60, Math.min(720, Math.round(body.clientWidth / 2)));
    const asked = questions({ points });
    const { step, answers } = await ask(`/api/dashboards/${uid}/panels/${panel.id}?${asked}`, signal);
    const refused = answers.find(({ error }) => error);
    if (refused) throw new Error(`${refused.error}: ${refused.expr}`);
    const time = { from: Number(asked.get("from")), to: Number(asked.get("to")) };
    const zoom = (from, to) => choose({ from: [Date.parse(`${from}Z`.replace(" ", "T"))], to: [Date.parse(`${to}Z`.replace(" ", "T"))] });
    const any = answers.some(({ result }) => result.length);
    if (any && DRAW[panel.type](panel, answers, body, { step, span: time, zoom })) {
      box.dataset.state = "drawn";
    } else {
      body.replaceChildren(element("p", "none", panel.fieldConfig.defaults.noValue));
      box.dataset.state = "empty";
    }
  } catch (error) {
    if (signal.aborted) return;
    body.replaceChildren(element("p", "error", error.message));
    box.dataset.state = "error";
  }
}

function frame(panel) {
  const { x, y, w, h } = panel.gridPos;
  const box = panel.type === "row" ? element("h2", "row", panel.title) : element("section", `panel ${panel.type}`, [heading(panel), element("div", "body")]);
  box.id = `panel-${panel.id}`;
  box.style.gridArea = `${y + 1} / ${x + 1} / span ${h} / span ${w}`;
  if (panel.type !== "row") box.dataset.state = "asked";
  return box;
}

function heading(panel) {
  const link = panel.links?.[0];
  const title = element(link ? "a" : "span", "title", panel.title);
  if (link) title.href = link.url;
  const about = element("span", "about", "i");
  about.tabIndex = 0;
  about.dataset.about = panel.description;
  about.setAttribute("aria-label", panel.description);
  return element("h3", "", [title, about]);
}

function picked(options) {
  for (const variable of variables()) [variable.first] = options[variable.name];
  $("variables").replaceChildren(...variables().map(({ name, label, multi, includeAll }) => {
    const values = chosen(name);
    const list = (includeAll ? [ALL, ...options[name]] : options[name]).map((value) => {
      const box = element("input");
      box.type = multi ? "checkbox" : "radio";
      box.checked = values.includes(value);
      box.onchange = () => {
        const rest = values.filter((one) => one !== ALL && one !== value);
        choose({ [`var-${name}`]: value === ALL || !multi ? [value] : box.checked ? [...rest, value] : rest });
      };
      return element("label", "", [box, value === ALL ? "All" : value]);
    });
    const picker = element("details", "", [element("summary", "", [element("span", "", label), element("b", "", values.includes(ALL) ? "All" : values.join(", ") || "–")]), element("div", "options", list)]);
    picker.name = "variables";
    picker.open = name === picked.open;
    picker.ontoggle = () => {
      if (picker.open) picked.open = name;
      else if (picked.open === name) picked.open = undefined;
    };
    return picker;
  }));
  for (const panel of dashboard.panels) {
    const title = $(`panel-${panel.id}`).querySelector(".title");
    if (title) title.textContent = titled(panel.title);
  }
}

function selectable(id, options, value, change) {
  $(id).replaceChildren(...Object.entries(options).map(([key, text]) => {
    const option = element("option", "", text);
    option.value = key;
    option.selected = key === value;
    return option;
  }));
  $(id).onchange = ({ target }) => change(target.value);
}

const local = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16);

function controls() {
  const from = address.get("from");
  const fixed = !(from in RANGES);
  const time = span();
  selectable("range", { ...RANGE_NAMES, fixed: "From … to …" }, fixed ? "fixed" : from, (value) => choose(value === "fixed" ? { from: [time.from * 1000], to: [time.to * 1000] } : { from: [value], to: [] }));
  $("absolute").hidden = !fixed;
  if (fixed) {
    $("from").value = local(time.from);
    $("to").value = local(time.to);
    $("from").onchange = $("to").onchange = () => {
      const [start, end] = [$("from").value, $("to").value].map((text) => Date.parse(`${text}Z`));
      if (start < end) choose({ from: [start], to: [end] });
    };
  }
  selectable("refresh", REFRESH, address.get("refresh"), (value) => choose({ refresh: [value] }));
  const kept = new URLSearchParams([...address].filter(([name]) => !name.startsWith("var-")));
  document.querySelectorAll("#dashboards a").forEach((link) => { link.href = `/d/${link.dataset.uid}?${kept}`; });
}

function lit(name) {
  document.documentElement.dataset.theme = name;
  localStorage.setItem("theme", name);
}

async function start() {
  lit(address.get("theme") ?? localStorage.getItem("theme") ?? "dark");
  const [list, document_] = await Promise.all([ask("/api/dashboards"), ask(`/api/dashboards/${uid}`)]);
  dashboard = document_;
  document.title = `${dashboard.title} · ${list.about.stack}`;
  $("centre").textContent = list.about.stack;
  $("centre").title = list.about.prometheus;
  $("dashboards").replaceChildren(...list.dashboards.map(({ uid: other, title }) => {
    const link = element("a", other === uid ? "here" : "", title);
    link.dataset.uid = other;
    return link;
  }));
  if (!address.has("from")) address.set("from", dashboard.time.from in RANGES ? dashboard.time.from : "now-1h");
  if (!address.has("refresh")) address.set("refresh", dashboard.refresh || "");
  $("grid").replaceChildren(...dashboard.panels.map(frame));
  $("now").onclick = load;
  $("theme").onclick = () => {
    lit(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    load();
  };
  learn(await ask(`/api/names?${questions({ points: 1 })}`));
  await load();
}

start().catch((error) => { $("state").textContent = error.message; });
