// One run of an experiment: its progress, what was expected and seen, and its course, to be watched again.

import { h, say, mark, each, table, cells } from "./dom.js";
import * as api from "./api.js";
import { chart } from "./chart.js";
import { count, elapsed, ms, short } from "./words.js";
import { BASE, end, isOver, reportHref, runHref, verdict } from "./experiments.js";

/** A whole run is shown again in about so many seconds. */
const WATCH = 20;

/** The curves of a part, with a moment that goes through them. */
function course(curves, duration) {
  const whole = { virtual: true };
  const charts = [
    [chart({ title: "Replicas", unit: "pods", whole: true, format: count, ...whole }), [["wanted", "replicas", { step: true, dash: 1 }], ["ready", "ready", { step: true, dash: 0 }]]],
    [chart({ title: "CPU per pod", unit: "millicores; 1,000m is one core", format: (n) => `${short(n)}m`, ...whole }), [["used", "cpu"]]],
    [chart({ title: "Latency", unit: "of the answers", format: ms, ...whole }), [["p50", "p50"], ["p95", "p95"]]],
    [chart({ title: "Rate", unit: "answers a second", format: short, ...whole }), [["answered", "rate"]]],
    [chart({ title: "In the system", unit: "requests not yet answered", whole: true, format: count, ...whole }), [["in flight", "inFlight"]]],
  ];
  const which = h("select", { id: "which", "aria-label": "Function" }, curves.map((c, i) => h("option", { value: i }, c.function)));
  const slider = h("input", { type: "range", min: 0, max: duration, step: duration / 600, id: "moment", "aria-label": "Moment of the run" });
  const now = h("output", { for: "moment" });
  const play = h("button", { type: "button", class: "primary", id: "play" }, "▶ Watch");
  const changes = h("ol", { class: "changes" });
  const none = h("p", { class: "dim empty" }, "Its size did not change.");
  slider.value = duration;
  let timer = null;
  function draw() {
    const curve = curves[Number(which.value || 0)];
    const until = Number(slider.value);
    say(now, `${elapsed(until)} of ${elapsed(duration)}`);
    mark(slider, "aria-valuetext", now.textContent);
    for (const [drawn, lines] of charts) {
      drawn.draw(0, duration * 1000, lines.map(([name, of, more]) => {
        const points = [];
        for (let i = 0; i < curve.at.length && curve.at[i] <= until + 1e-6; i++) points.push({ at: curve.at[i] * 1000, y: curve[of][i] });
        return { name, points, ...more };
      }));
    }
    const seen = curve.changes.filter(([at]) => at <= until);
    none.hidden = seen.length > 0;
    each(changes, seen, ([at, , to]) => `${curve.function} ${at} ${to}`, ([at, from, to, why]) =>
      h("li", {}, h("b", {}, elapsed(at)), ` ${to > from ? "▲" : "▼"} ${why}`), () => {});
  }
  function halt() {
    cancelAnimationFrame(timer);
    timer = null;
    say(play, "▶ Watch");
  }
  play.addEventListener("click", () => {
    if (timer) return halt();
    if (Number(slider.value) >= duration) slider.value = 0;
    say(play, "❚❚ Pause");
    const begun = performance.now() - (Number(slider.value) / duration) * WATCH * 1000;
    const step = (at) => {
      slider.value = Math.min(duration, ((at - begun) / (WATCH * 1000)) * duration);
      draw();
      if (Number(slider.value) >= duration) return halt();
      timer = requestAnimationFrame(step);
    };
    timer = requestAnimationFrame(step);
  });
  slider.addEventListener("input", () => {
    halt();
    draw();
  });
  which.addEventListener("change", draw);
  which.hidden = curves.length < 2;
  draw();
  return {
    root: h("div", {}, h("div", { class: "card row player" }, play, slider, now, which), h("div", { class: "charts" }, charts.map(([c]) => c.root)),
      h("div", { class: "card" }, h("h2", {}, "Changes of its size"), changes, none)),
    leave: halt,
  };
}

const PARTS = ["Values", "Seed", "Result"];
const NUMBERS = ["Function", "Requests", "Not answered well", "Cold starts", "p50", "p95", "Pods started", "Cost"];

/** What one part came to. */
function part(run, at) {
  const p = run.parts[at];
  const rows = p.functions.map((f) => {
    const all = cells(NUMBERS);
    [f.name, count(f.requests), count(f.failed), count(f.coldStarts), ms(f.p50 * 1000), ms(f.p95 * 1000), count(f.podsStarted), f.cost ? f.cost.toPrecision(3) : "–"].forEach((text, i) => say(all[i], text));
    return h("tr", {}, all);
  });
  const files = ["summary.json", "requests.csv", "samples.csv", "decisions.csv", "pods.csv"];
  return [
    h("div", { class: "card" }, h("div", { class: "title" }, h("h2", {}, "What was expected"), h("a", { class: "button primary", id: "report", href: reportHref(run, at), target: "_blank", rel: "noopener" }, "Open the report")),
      p.expectations.length ? h("ul", { class: "expectations" }, p.expectations.map((e) => h("li", { "data-status": e.holds ? "Ready" : "Failed" },
        h("span", { "aria-hidden": "true" }, e.holds ? "✓" : "✗"), h("div", {}, h("code", {}, e.expected), h("small", {}, `${e.holds ? "seen" : "but seen"}: ${e.seen}`))))) : h("p", { class: "dim" }, "Nothing: it is only to be looked at."),
      p.notes.map((n) => h("p", { class: "notice" }, n))),
    h("div", { class: "card scroll" }, h("h2", {}, "Numbers"), table(NUMBERS, h("tbody", {}, rows)),
      h("p", { class: "dim" }, "Files: ", files.map((f, i) => [i ? ", " : "", h("a", { href: reportHref(run, at, f), target: "_blank", rel: "noopener" }, f)]))),
  ];
}

export function runPage(id, at) {
  const stop = new AbortController();
  const name = h("h1", {}, "Experiment");
  const lead = h("p", { class: "lead" });
  const state = h("b", { id: "state", role: "status" });
  const progress = h("progress", { max: 1, "aria-label": "Progress" });
  const time = h("span", { class: "dim" });
  const button = h("button", { type: "button" });
  const parts = h("div", {});
  const shown = h("div", {});
  let last = null;
  let watched = null;
  let drawn = false;
  button.addEventListener("click", async () => {
    const over = isOver(last);
    await end(last);
    if (over) location.hash = "#/experiments";
  });
  async function results() {
    drawn = true;
    const run = await api.get(`${BASE}/runs/${id}`);
    if (run.parts.length > 1) {
      const rows = run.parts.map((p, i) => {
        const row = cells(PARTS);
        row[0].append(h("a", { href: runHref(run, i), "aria-current": i === at ? "true" : null }, Object.entries(p.values).map(([k, v]) => `${k} = ${v}`).join(", ") || `run ${i + 1}`));
        say(row[1], p.seed);
        say(row[2], p.passed ? "✓ as expected" : "✗ not as expected");
        mark(row[2], "data-status", p.passed ? "Ready" : "Failed");
        return h("tr", {}, row);
      });
      parts.replaceChildren(h("div", { class: "card scroll" }, h("h2", {}, "Its runs"), table(PARTS, h("tbody", {}, rows))));
    }
    if (!run.parts[at]) return;
    watched = course(await api.get(`${BASE}/runs/${id}/${at}/curves`), run.duration);
    shown.replaceChildren(...part(run, at), watched.root);
  }
  api.follow(`${BASE}/runs`, stop.signal, ({ runs }) => {
    const run = (last = runs.find((r) => r.id === id));
    if (!run) {
      say(state, "✗ There is no such run: it may have been forgotten.");
      progress.hidden = button.hidden = true;
      return;
    }
    say(name, run.name);
    say(lead, run.text);
    const [words, status] = verdict(run);
    say(state, words);
    mark(state, "data-status", status);
    progress.hidden = run.state !== "running";
    progress.value = run.share;
    const virtual = run.duration * run.of;
    say(time, run.state === "waiting" ? "" : `${elapsed(isOver(run) ? virtual : virtual * run.share)} of virtual time in ${run.took.toFixed(2)} s`);
    button.hidden = false;
    say(button, isOver(run) ? "Forget this run" : "Cancel");
    if (isOver(run) && !drawn) results().catch((error) => say(state, error.message));
  });
  return {
    root: h("section", {}, h("a", { class: "up", href: "#/experiments" }, "← Experiments"), name, lead,
      h("div", { class: "card row" }, state, progress, time, h("span", { class: "fill" }), button), parts, shown),
    leave: () => {
      stop.abort();
      watched?.leave();
    },
  };
}
