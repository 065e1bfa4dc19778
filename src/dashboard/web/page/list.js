// The functions: a list at the side, and a table of all.

import { h, say, mark, each, table, cells } from "./dom.js";
import { count, short, ms, plural } from "./words.js";
import { chart } from "./chart.js";
import * as past from "./past.js";

export const href = (f, tab = "invoke") => `#/f/${encodeURIComponent(f.namespace)}/${encodeURIComponent(f.name)}/${tab}`;

/** A sign for a status, besides its colour. */
export const SIGNS = { Ready: "●", "Not ready": "◌", Asleep: "☾" };

export function sideList() {
  const input = h("input", { type: "search", placeholder: "Search for a function", "aria-label": "Search for a function", id: "search" });
  const space = h("select", { "aria-label": "Namespace" }, h("option", { value: "" }, "all namespaces"));
  const items = h("ul", { class: "functions" });
  const none = h("p", { class: "dim empty" });
  let latest = [];
  let chosen = null;
  let order = new Map();

  /** Most invoked first. While a person is at the list, nothing moves under the pointer. */
  function arrange() {
    if (items.matches(":hover, :focus-within") && latest.every((f) => order.has(past.key(f)))) return;
    const sorted = [...latest].sort((a, b) => b.invocations - a.invocations || a.id - b.id);
    order = new Map(sorted.map((f, i) => [past.key(f), i]));
  }
  const shown = () => {
    const wanted = input.value.trim().toLowerCase();
    const all = [...latest].sort((a, b) => order.get(past.key(a)) - order.get(past.key(b)));
    return all.filter((f) => (!space.value || f.namespace === space.value)
      && (!wanted || f.name.includes(wanted) || f.image.toLowerCase().includes(wanted)));
  };
  function draw() {
    arrange();
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
    say(none, latest.length ? "No function matches." : "No function yet.");
  }
  input.addEventListener("input", draw);
  space.addEventListener("change", draw);
  input.addEventListener("keydown", (event) => {
    const first = shown()[0];
    if (event.key !== "Enter" || !first) return;
    location.hash = href(first);
    input.value = "";
    draw();
  });
  return {
    root: h("div", {}, h("div", { class: "tools" }, input, space), items, none, h("p", { class: "tools" }, h("a", { class: "button wide", href: "#/deploy" }, "+ Deploy a function"))),
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

const HEAD = ["Function", "Status", "Replicas", "Rate", "p95", "CPU", "Invocations", "Scaled by"];

function empty() {
  return h("div", { class: "card welcome", hidden: true },
    h("h2", {}, "There is no function yet"),
    h("p", {}, "A function is a program that answers one request. Deploy one here, or in a terminal:"),
    h("pre", {}, "faasim deploy --image faasim/base:latest --name echo --fprocess 'faasim function echo'"),
    h("p", {}, h("a", { class: "button primary", href: "#/deploy" }, "Deploy a function")));
}

export function overview() {
  const body = h("tbody", {});
  const sums = h("dl", { class: "sums" });
  const rate = chart({ title: "Rate", unit: "requests a second, the busiest functions", format: short });
  const pods = chart({ title: "Replicas", unit: "ready pods, the largest functions", whole: true, format: count });
  const welcome = empty();
  const all = h("div", {}, sums, h("div", { class: "charts" }, pods.root, rate.root), h("div", { class: "scroll card" }, table(HEAD, body)));
  const root = h("section", {}, h("h1", {}, "Functions"), welcome, all);
  const lines = (picture, of, value, step) => [...picture.functions].sort((a, b) => value(b) - value(a) || a.id - b.id).slice(0, 5)
    .map((f) => ({ name: f.name, hue: f.id, dash: f.id, step, points: past.of(f).map((p) => ({ at: p.at, y: p[of] })) }));
  return {
    root,
    update(picture) {
      welcome.hidden = picture.functions.length > 0;
      all.hidden = !welcome.hidden;
      const total = (of) => picture.functions.reduce((sum, f) => sum + f[of], 0);
      const cores = picture.nodes.reduce((n, [, cores]) => n + cores, 0);
      const facts = [
        ["Functions", count(picture.functions.length), ""], ["Replicas ready", count(total("ready")), `of ${count(total("replicas"))}`],
        ["Requests a second", short(total("rate")), total("errors") > 0 ? `${short(total("errors"))} fail` : ""],
        ["CPU of all pods", `${count(total("cpu"))}m`, `of ${count(cores * 1000)}m (${plural(cores, "core")})`],
      ];
      each(sums, facts, ([name]) => name, ([name]) => {
        const parts = [h("b", {}), h("span", { class: "dim" })];
        return Object.assign(h("div", {}, h("dt", {}, name), h("dd", {}, parts[0], " ", parts[1])), { parts });
      }, (row, [, value, more]) => {
        say(row.parts[0], value);
        say(row.parts[1], more);
      });
      const from = picture.now - 120000;
      rate.draw(from, picture.now, lines(picture, "rate", (f) => f.rate));
      pods.draw(from, picture.now, lines(picture, "ready", (f) => f.replicas, true));
      each(body, picture.functions, past.key, (f) => {
        const parts = cells(HEAD);
        parts[0].append(h("a", { href: href(f) }, f.name));
        return Object.assign(h("tr", {}, parts), { parts });
      }, (row, f) => {
        const [, status, replicas, rate, p95, cpu, total, scaler] = row.parts;
        say(status, `${SIGNS[f.status]} ${f.status}`);
        mark(status, "data-status", f.status);
        say(replicas, `${f.ready}/${f.replicas}`);
        say(rate, f.rate > 0 ? `${short(f.rate)}/s` : "–");
        say(p95, f.rate > 0 ? ms(f.p95) : "–");
        say(cpu, `${count(f.cpu)}m`);
        say(total, count(f.invocations));
        say(scaler, f.hpa ? `HPA ${f.hpa.targets}` : f.scaler === "person" ? "by hand" : f.scaler);
      });
    },
  };
}
