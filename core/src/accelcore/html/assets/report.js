"use strict";
// Draws the report from the data block. Text enters the page by textContent only.
const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  for (const child of children) if (child !== null) node.append(child);
  return node;
}

function draw(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function cost(c) {
  if (!c || c.value === null || c.value === undefined) return "–";
  if (c.value === 0) return "0";
  if (c.unit !== "s") return `${Math.round(c.value).toLocaleString("en")} ${c.unit}`;
  for (const [unit, scale] of [["s", 1], ["ms", 1e-3], ["µs", 1e-6], ["ns", 1e-9]])
    if (c.value >= scale || unit === "ns") return `${(c.value / scale).toPrecision(3)} ${unit}`;
}

function number(x) {
  return typeof x === "number" ? (Math.abs(x) >= 1e5 || (x && Math.abs(x) < 1e-3) ? x.toExponential(2) : +x.toPrecision(4)) + "" : String(x);
}

function figure(label, value, tone) {
  return make("div", {}, make("span", { class: "soft" }, label), make("b", { class: tone || "" }, value));
}

const champion = data.champion ? data.champion.digest : null;
const best = data.candidates.find((c) => c.digest === champion && c.status === "ok");

function head() {
  const verdict = data.verdict;
  const proof = verdict ? verdict.proof.toUpperCase() : "NOT LIFTED";
  const tone = verdict && verdict.proof === "proved" ? "good" : "warn";
  const figures = make("div", { class: "figures" }, figure("summary", proof, tone));
  figures.append(figure("kernel", best ? best.grade.toUpperCase() : "NONE", best ? "good" : "bad"));
  if (data.champion) figures.append(figure("best", cost(data.champion.cost)));
  if (data.champion && data.champion.speedup) figures.append(figure("over the seed", `${data.champion.speedup.toFixed(2)}x`));
  figures.append(figure("candidates", String(data.candidates.length)));
  if (data.run.spent.dollars) figures.append(figure("dollars", data.run.spent.dollars.toFixed(2)));
  document.getElementById("head").append(
    make("h1", {}, data.task ? data.task.name : "run"),
    make("p", { class: "soft" }, `run ${data.run.id}, ${data.run.status}`),
    figures,
  );
}

function rows(pairs) {
  const body = make("tbody", {});
  for (const [name, value] of pairs) body.append(make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, value)));
  return make("div", { class: "scroll" }, make("table", {}, body));
}

function proofPart() {
  const part = make("div", {});
  if (data.task && data.task.mathematics) part.append(make("h2", {}, "Post-condition"), make("pre", { class: "wrap" }, data.task.mathematics));
  if (data.verdict) {
    const v = data.verdict;
    const pairs = [["verdict", `${v.proof} by ${v.verifier} (${v.number_model || "no number model"})`], ["seconds", number(v.seconds)]];
    if (v.requires.length) pairs.push(["requires", v.requires.join(", ")]);
    if (v.bound !== null) pairs.push(["up to size", String(v.bound)]);
    if (v.reason) pairs.push(["reason", v.reason]);
    part.append(make("h2", {}, "Verdict"), rows(pairs));
    if (v.obligations.length) {
      part.append(make("h2", {}, `Obligations (${v.obligations.length})`));
      part.append(rows(v.obligations.map(([label, answer, ms]) => [label, `${answer}, ${number(ms)} ms`])));
    }
    if (v.certificate) part.append(make("details", {}, make("summary", {}, "Certificate"), make("pre", { class: "wrap" }, v.certificate)));
  }
  if (data.task && data.task.source) part.append(make("h2", {}, "Source"), make("pre", {}, data.task.source));
  if (!data.verdict) part.append(make("p", { class: "soft" }, "The task was not lifted: its kernels are judged on inputs only."));
  return part;
}

function axes(svg, box, xlabel, ylabel) {
  svg.append(draw("line", { class: "axis", x1: box.l, y1: box.b, x2: box.r, y2: box.b }));
  svg.append(draw("line", { class: "axis", x1: box.l, y1: box.t, x2: box.l, y2: box.b }));
  svg.append(draw("text", { x: box.r, y: box.b + 30, "text-anchor": "end" }, xlabel));
  svg.append(draw("text", { x: box.l - 40, y: box.t - 8 }, ylabel));
}

function progressChart(along, label) {
  const judged = data.candidates.filter((c) => c.status !== "not judged").map((c, i) => [along(c, i), c]).sort((a, b) => a[0] - b[0]);
  const values = judged.map(([, c]) => c.relative).filter((x) => x > 0);
  if (!values.length) return make("p", { class: "soft" }, "No candidate was correct.");
  const box = { l: 60, r: 780, t: 24, b: 260 }, most = judged[judged.length - 1][0] || 1;
  const low = Math.log(Math.min(...values)), high = Math.log(Math.max(...values));
  const x = (v) => box.l + ((box.r - box.l) * v) / most;
  const y = (v) => box.b - 8 - (high > low ? ((Math.log(v) - low) / (high - low)) * (box.b - box.t - 8) : 0);
  const svg = draw("svg", { viewBox: "0 0 800 300", role: "img", "aria-label": `Best cost against ${label}` });
  axes(svg, box, label, "cost over the seed's (log)");
  let path = "", least = Infinity;
  for (const [at, c] of judged) {
    least = Math.min(least, c.relative || Infinity);
    if (least < Infinity) path += path ? `H${x(at)}V${y(least)}` : `M${x(at)} ${y(least)}`;
    const bad = c.status !== "ok", chosen = c.digest === champion;
    svg.append(draw("circle", { class: bad ? "fail" : chosen ? "best" : "dot", r: chosen ? 5 : 3, cx: x(at), cy: bad ? box.t : y(c.relative) }));
  }
  svg.append(draw("path", { class: "line", d: path }));
  for (const v of [Math.min(...values), Math.max(...values)]) svg.append(draw("text", { x: box.l - 6, y: y(v) + 4, "text-anchor": "end" }, number(v)));
  return svg;
}

function rooflineChart() {
  const r = data.roofline;
  const box = { l: 60, r: 780, t: 24, b: 260 };
  const xs = [r.intensity / 16, Math.max(r.intensity * 16, 64)].map(Math.log10);
  const ys = [Math.min(r.achieved / 8, r.peak / 1000), r.peak * 2].map(Math.log10);
  const x = (v) => box.l + ((Math.log10(v) - xs[0]) / (xs[1] - xs[0])) * (box.r - box.l);
  const y = (v) => Math.min(box.b, box.b - ((Math.log10(v) - ys[0]) / (ys[1] - ys[0])) * (box.b - box.t));
  const svg = draw("svg", { viewBox: "0 0 800 300", role: "img", "aria-label": "Roofline" });
  axes(svg, box, "operations per byte (log)", "operations per second (log)");
  for (const [name, , bandwidth] of data.machine.memories) {
    const knee = Math.min(r.peak / bandwidth, 10 ** xs[1]), start = Math.max(10 ** xs[0], 10 ** ys[0] / bandwidth);
    if (knee <= start) continue;
    svg.append(draw("path", { class: "line", d: `M${x(start)} ${y(start * bandwidth)}L${x(knee)} ${y(knee * bandwidth)}H${box.r}` }));
    svg.append(draw("text", { x: x(start) + 6, y: y(start * bandwidth) - 4 }, name));
  }
  svg.append(draw("circle", { class: "best", r: 6, cx: x(r.intensity), cy: y(r.achieved) }));
  svg.append(draw("text", { x: x(r.intensity) + 10, y: y(r.achieved) + 4 }, "best kernel"));
  return svg;
}

function beside(b) {
  if (b.status !== "ok") return b.status.replace("_", " ");
  if (!b.ratio) return `${cost(b.cost)}, not paired`;
  return `${cost(b.cost)}, ` + (b.ratio >= 1 ? `the best kernel is ${b.ratio.toFixed(2)}x faster` : `the best kernel is ${(1 / b.ratio).toFixed(2)}x slower`);
}

function costPart() {
  const part = make("div", {}, make("h2", {}, "Best cost against evaluations"), progressChart((c, i) => i, "evaluations"));
  const paid = Math.max(0, ...data.candidates.map((c) => c.dollars));
  if (paid) part.append(make("h2", {}, "Best cost against dollars"), progressChart((c) => c.dollars, `dollars, up to ${number(paid)}`));
  if (data.roofline) part.append(make("h2", {}, "Roofline"), rooflineChart());
  if (data.machine) {
    const pairs = [["machine", data.machine.name]];
    for (const [dtype, peak] of data.machine.peaks) pairs.push([`peak ${dtype}`, `${number(peak / 1e9)} Gop/s`]);
    for (const [name, size, bandwidth] of data.machine.memories) pairs.push([name, `${number(size / 1024)} KiB, ${number(bandwidth / 1e9)} GB/s`]);
    part.append(make("h2", {}, "Machine"), rows(pairs.concat(data.machine.facts)));
  }
  const baselines = Object.entries(data.baselines);
  if (baselines.length) part.append(make("h2", {}, "Beside it"), rows(baselines.map(([name, b]) => [name, beside(b)])));
  return part;
}

function diffText(text) {
  const pre = make("pre", {});
  for (const line of text.split("\n")) {
    const tone = line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : "";
    pre.append(make("span", { class: tone }, line + "\n"));
  }
  return pre;
}

function detail(c) {
  const part = make("div", {}, make("h2", {}, `Candidate ${c.number}`));
  const pairs = [["status", c.status], ["cost", cost(c.cost)], ["origin", c.origin || "–"]];
  if (c.grade) pairs.push(["grade", c.grade]);
  if (c.plan || c.move) pairs.push(["plan", c.plan || c.move]);
  if (c.schedule.length) pairs.push(["schedule", c.schedule.join("; ")]);
  for (const [name, value] of c.metrics) pairs.push([name, number(value)]);
  if (c.sandbox) pairs.push(["sandbox", c.sandbox]);
  part.append(rows(pairs));
  for (const [title, text] of [["Feedback", c.feedback], ["Log", c.log]]) if (text) part.append(make("h2", {}, title), make("pre", { class: "wrap" }, text));
  if (c.diff) part.append(make("details", { open: "" }, make("summary", {}, "Difference to its parent"), diffText(c.diff)));
  part.append(make("details", {}, make("summary", {}, "Code"), make("pre", {}, c.code)));
  return part;
}

function lineage() {
  const children = new Map(), found = [], known = new Set(data.candidates.map((c) => c.digest)), seen = new Set();
  for (const c of data.candidates) {
    const parent = known.has(c.parent) ? c.parent : null; // its own digest where a move changed nothing
    children.set(parent, [...(children.get(parent) || []), c]);
  }
  const open = (children.get(null) || []).map((c) => [c, 0]).reverse();
  while (open.length) {
    const [c, depth] = open.pop();
    found.push([c, depth]);
    if (!seen.has(c.digest)) open.push(...(children.get(c.digest) || []).map((child) => [child, depth + 1]).reverse());
    seen.add(c.digest);
  }
  return found.concat(data.candidates.filter((c) => !seen.has(c.digest)).map((c) => [c, 0]));
}

function candidatesPart() {
  const part = make("div", {}), panel = make("div", { "aria-live": "polite" });
  const body = make("tbody", {});
  const titles = [["number", "#"], ["number wide", "step"], ["", "status"], ["number", "cost"], ["number wide", "relative"], ["", "move or plan"]];
  const line = make("tr", {}, ...titles.map(([kind, text]) => make("th", { class: kind, scope: "col" }, text)));
  for (const [c, depth] of lineage()) {
    const branch = depth ? "\u00a0\u00a0".repeat(depth - 1) + "└ " : "";
    const cells = [["number", String(c.number)], ["number wide", String(c.step)], [c.status === "ok" ? "good" : "bad", c.status.replace("_", " ")], ["number", cost(c.cost)], ["number wide", c.relative ? number(c.relative) : "–"], ["", branch + (c.move || c.plan.split("\n")[0] || c.origin || "seed")]];
    const row = make("tr", { class: "choice", tabindex: "0" }, ...cells.map(([kind, text]) => make("td", { class: kind }, text)));
    const choose = () => {
      for (const other of body.children) other.classList.remove("chosen");
      row.classList.add("chosen");
      panel.replaceChildren(detail(c));
    };
    row.addEventListener("click", choose);
    row.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(); }
    });
    if (c.digest === champion) setTimeout(choose);
    body.append(row);
  }
  part.append(make("div", { class: "scroll" }, make("table", {}, make("thead", {}, line), body)), panel);
  return part;
}

function timelineChart(timeline, end) {
  const engines = [...new Set(timeline.spans.map((s) => s[0]))], high = 26;
  const box = { l: 90, r: 780, t: 8, b: 8 + engines.length * high };
  const x = (time) => box.l + (end ? ((box.r - box.l) * time) / end : 0);
  const svg = draw("svg", { viewBox: `0 0 800 ${box.b + 40}`, role: "img", "aria-label": `Timeline of the ${timeline.title}` });
  svg.append(draw("line", { class: "axis", x1: box.l, y1: box.b, x2: box.r, y2: box.b }));
  for (const [at, anchor] of [[0, "start"], [end / 2, "middle"], [end, "end"]])
    svg.append(draw("text", { x: x(at), y: box.b + 18, "text-anchor": anchor }, cost({ value: at, unit: timeline.unit })));
  engines.forEach((engine, row) => svg.append(draw("text", { x: box.l - 8, y: box.t + row * high + 16, "text-anchor": "end" }, engine)));
  for (const [engine, what, from, to] of timeline.spans) {
    const bar = draw("rect", { class: "span", x: x(from), y: box.t + engines.indexOf(engine) * high + 3, width: Math.max(1, x(to) - x(from)), height: high - 8 });
    bar.append(draw("title", {}, `${engine}: ${what}, ${cost({ value: from, unit: timeline.unit })} to ${cost({ value: to, unit: timeline.unit })}`));
    svg.append(bar);
  }
  return svg;
}

function timelinePart() {
  const part = make("div", {}, make("p", { class: "soft" }, "What each engine did when, by the simulator's account; both on one scale. Work that lies close together is drawn as one bar."));
  const end = Math.max(...data.timelines.flatMap((t) => t.spans.map((s) => s[3])));
  for (const timeline of data.timelines) {
    const last = (engine) => Math.max(...timeline.spans.filter((s) => s[0] === engine).map((s) => s[3]));
    const until = [...new Set(timeline.spans.map((s) => s[0]))].map((engine) => [engine, `works until ${cost({ value: last(engine), unit: timeline.unit })}`]);
    part.append(make("h2", {}, `Timeline of the ${timeline.title}`), timelineChart(timeline, end), rows(until));
    if (timeline.feedback) part.append(make("pre", { class: "wrap" }, timeline.feedback));
  }
  return part;
}

function failuresPart() {
  const groups = new Map();
  for (const c of data.candidates) if (c.status !== "ok") groups.set(c.status, [...(groups.get(c.status) || []), c]);
  const part = make("div", {});
  if (!groups.size) part.append(make("p", { class: "soft" }, "No candidate failed."));
  for (const [status, found] of groups) {
    part.append(make("h2", {}, `${status.replace("_", " ")} (${found.length})`));
    part.append(rows(found.map((c) => [`#${c.number} ${c.move || c.plan.split("\n")[0]}`, c.feedback || c.log.split("\n")[0] || "–"])));
  }
  return part;
}

function runPart() {
  const part = make("div", {}, make("h2", {}, "Make it again"), make("pre", { class: "wrap" }, data.reproduce));
  part.append(make("h2", {}, "Settings"), rows(Object.entries(data.run.config).map(([k, v]) => [k, typeof v === "object" ? JSON.stringify(v) : String(v)])));
  part.append(make("h2", {}, "Spent"), rows(Object.entries(data.run.spent).map(([k, v]) => [k, number(v)])));
  if (data.events.length) part.append(make("h2", {}, "Events"), rows(data.events.slice(-200).map(([, kind, text]) => [kind, text])));
  return part;
}

const PARTS = [["Proof", proofPart], ["Cost", costPart], ["Candidates", candidatesPart], ...(data.timelines.length ? [["Timeline", timelinePart]] : []), ["Failures", failuresPart], ["Run", runPart]];

function show(chosen) {
  PARTS.forEach((_, at) => {
    const tab = document.getElementById(`tab-${at}`);
    tab.setAttribute("aria-selected", String(at === chosen));
    tab.tabIndex = at === chosen ? 0 : -1;
    document.getElementById(`part-${at}`).hidden = at !== chosen;
  });
}

function start() {
  head();
  const tabs = document.getElementById("tabs"), main = document.getElementById("parts");
  PARTS.forEach(([title, build], at) => {
    const tab = make("button", { role: "tab", id: `tab-${at}`, "aria-controls": `part-${at}` }, title);
    tab.addEventListener("click", () => show(at));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = (at + step + PARTS.length) % PARTS.length;
      show(next);
      document.getElementById(`tab-${next}`).focus();
    });
    tabs.append(tab);
    main.append(make("section", { role: "tabpanel", id: `part-${at}`, "aria-labelledby": `tab-${at}` }, build()));
  });
  show(0);
}

start();
