"use strict";
// A document that only remembers what was put into it: enough to run report.js without a browser.
const fs = require("fs");
const folder = process.argv[2];

class Node {
  constructor(tag) { this.tag = tag; this.attributes = {}; this.children = []; this.own = ""; this.hidden = false; this.listeners = {}; }
  setAttribute(name, value) { this.attributes[name] = String(value); }
  append(...nodes) { this.children.push(...nodes); }
  replaceChildren(...nodes) { this.children = nodes; }
  addEventListener(name, action) { this.listeners[name] = action; }
  focus() {}
  get classList() { return { add() {}, remove() {} }; }
  set textContent(text) { this.children = []; this.own = text; }
  get textContent() { return this.own + this.children.map((c) => (typeof c === "string" ? c : c.textContent)).join(" "); }
}

const named = Object.fromEntries(["data", "head", "tabs", "parts"].map((id) => [id, new Node(id)]));
named.data.textContent = fs.readFileSync(`${folder}/data.json`, "utf8");

function find(id, node) {
  if (typeof node === "string") return undefined;
  if (node.attributes.id === id) return node;
  for (const child of node.children) { const found = find(id, child); if (found) return found; }
}

global.document = {
  getElementById: (id) => named[id] || find(id, named.tabs) || find(id, named.parts),
  createElement: (tag) => new Node(tag),
  createElementNS: (space, tag) => new Node(tag),
};
eval(fs.readFileSync(`${folder}/report.js`, "utf8"));
setTimeout(() => {
  const show = (n) => ({ text: n.textContent, hidden: n.hidden });
  console.log(JSON.stringify({ head: named.head.textContent, tabs: named.tabs.children.map(show), parts: named.parts.children.map(show) }));
}, 10);
