// The functions: a list at the side, and a table of all.

import { h, say, mark, each } from "./dom.js";
import { count, short, ms } from "./words.js";
import { chart } from "./chart.js";
import * as past from "./past.js";

export const href = (f, tab = "invoke") => `#/f/${encodeURIComponent(f.namespace)}/${encodeURIComponent(f.name)}/${tab}`;

/** A sign for a status, besides its colour. */
export const SIGNS = { Ready: "●", "Not ready": "◌", Asleep: "☾" };

export function sideList() {
  const input = h("input", { type: "search", placeholder: "Search ( / )", "aria-label": "Search functions" });
  const space = h("select", { "aria-label": "Namespace" }, h("option", { value: "" }, "all namespaces"));
  const items = h("ul", { class: "functions" });
  const none = h("p", { class: "dim empty" });
  let latest = [];
  let chosen = null;

  const shown = () => {
    const wanted = input.value.trim().toLowerCase();
    return latest.filter((f) => (!space.value || f.namespace === space.value)
      && (!wanted || f.name.includes(wanted) || f.image.toLowerCase().includes(wanted)));
  };
  function draw() {
    const spaces = [...new Set(latest.map((f) => f.namespace))].sort();
    each(space, ["", ...spaces], (n) => n, (n) => h("option", { value: n }, n || "all namespaces"), () => {});
    space.hidden = spaces.length < 2;
    const now = shown();
    each(items, now, past.key, (f) => {
      const parts = { name: h("span", { class: "name" }, f.name), sign: h("span", { class: "sign", "aria-hidden": "true" }), pods: h("span", { class: "dim" }) };
      const link = h("a", { href: href(f) }, parts.sign, parts.name, parts.pods);
      return Object.assign(h("li", {}, link), { parts, link });
    }, (row, f) => {
      say(row.parts.sign, SIGNS[f.status]);
      mark(row.parts.sign, "data-status", f.status);
      const rate = f.rate >= 0.05 ? ` · ${short(f.rate)}/s` : "";
      say(row.parts.pods, `${f.ready}/${f.replicas}${rate}`);
      mark(row.link, "title", `${f.status}: ${f.ready} of ${f.replicas} replicas`);
      mark(row.link, "aria-current", chosen && chosen.name === f.name && chosen.namespace === f.namespace ? "true" : null);
    });
    none.hidden = now.length > 0;
    say(none, latest.length ? "No function matches." : "No function is deployed yet.");
  }
  input.addEventListener("input", draw);
  space.addEventListener("change", draw);
  input.addEventListener("keydown", (event) => {
    const first = shown()[0];
    if (event.key === "Enter" && first) location.hash = href(first);
  });
  return {
    root: h("div", {}, h("div", { class: "tools" }, input, space), items, none, h("p", { class: "tools" }, h("a", { class: "button", href: "#/deploy" }, "Deploy a function"))),
    update(picture) {
      latest = picture.functions;
      draw();
    },
    choose(of) {
      chosen = of;
      draw();
    },
    search: () => input.focus(),
    beside(of, by) {
      const all = shown();
      const at = all.findIndex((f) => of && f.name === of.name && f.namespace === of.namespace);
      return all[Math.min(all.length - 1, Math.max(0, at + by))];
    },
  };
}

export function overview() {
  const body = h("tbody", {});
  const sums = h("p", { class: "lead" });
  const rate = chart({ title: "Rate", unit: "requests a second, busiest functions", format: short });
  const pods = chart({ title: "Replicas", unit: "ready pods, largest functions", whole: true, format: count });
  const head = ["Function", "Status", "Replicas", "Rate", "p95", "CPU", "Invocations", "Scaled by"];
  const root = h("section", {}, h("h1", {}, "Functions"), sums,
    h("div", { class: "charts" }, pods.root, rate.root),
    h("div", { class: "scroll card" }, h("table", { class: "stack" }, h("thead", {}, h("tr", {}, head.map((t) => h("th", { scope: "col" }, t)))), body)));
  const lines = (picture, of, value, step) => [...picture.functions].sort((a, b) => value(b) - value(a) || a.id - b.id).slice(0, 6)
    .map((f) => ({ name: f.name, hue: f.id, dash: f.id, step, points: past.of(f).map((p) => ({ at: p.at, y: p[of] })) }));
  return {
    root,
    update(picture) {
      const total = (of) => picture.functions.reduce((sum, f) => sum + f[of], 0);
      say(sums, `${count(picture.functions.length)} functions · ${count(total("ready"))} of ${count(total("replicas"))} replicas ready · ${short(total("rate"))} requests/s · ${count(total("cpu"))}m CPU of ${count(picture.nodes.reduce((n, [, cores]) => n + cores * 1000, 0))}m`);
      const from = picture.now - 120000;
      rate.draw(from, picture.now, lines(picture, "rate", (f) => f.rate));
      pods.draw(from, picture.now, lines(picture, "ready", (f) => f.replicas, true));
      each(body, picture.functions, past.key, (f) => {
        const cells = head.map((name, i) => h(i ? "td" : "th", { "data-name": name, scope: i ? null : "row" }));
        cells[0].append(h("a", { href: href(f) }, f.name));
        return Object.assign(h("tr", {}, cells), { parts: cells });
      }, (row, f) => {
        const [, status, replicas, rate, p95, cpu, total, scaler] = row.parts;
        say(status, `${SIGNS[f.status]} ${f.status}`);
        mark(status, "data-status", f.status);
        say(replicas, `${f.ready}/${f.replicas}`);
        say(rate, `${short(f.rate)}/s`);
        say(p95, f.rate > 0 ? ms(f.p95) : "–");
        say(cpu, `${count(f.cpu)}m`);
        say(total, count(f.invocations));
        say(scaler, f.hpa ? `HPA ${f.hpa.targets}` : f.scaler === "person" ? "by hand" : f.scaler);
      });
    },
  };
}
