// Experiments: scenarios to choose from, and what was run.

import { h, say, mark, each, field, table, cells, toast } from "./dom.js";
import * as api from "./api.js";
import { clock, elapsed, plural } from "./words.js";

export const BASE = "/system/faasim/experiments";

/** A run's state in words, with a sign and a colour. */
export function verdict(run) {
  if (run.state === "waiting") return ["◌ waits for its turn", "Asleep"];
  if (run.state === "running") return [`▸ runs: ${Math.floor(run.share * 100)} %`, "Not ready"];
  if (run.state === "cancelled") return ["■ cancelled", "Asleep"];
  if (run.state.failed) return [`✗ stopped: ${run.state.failed}`, "Failed"];
  const failed = run.parts.filter((p) => !p.passed).length;
  return failed ? ["✗ not as expected", "Failed"] : ["✓ as expected", "Ready"];
}

export const isOver = (run) => !["waiting", "running"].includes(run.state);
export const runHref = (run, part = 0) => `#/experiments/${run.id}${part ? `/${part}` : ""}`;
export const reportHref = (run, part = 0, file = "report.html") => `/ui/reports/${run.id}/${part}/${file}`;

/** Stops it, or forgets it when it is over. */
export async function end(run) {
  try {
    await api.ask(`${BASE}/runs/${run.id}`, { method: "DELETE" });
    toast(isOver(run) ? `the run of ${run.name} is forgotten` : `${run.name} is being stopped`);
  } catch (error) {
    toast(error.message, true);
  }
}

function scenario(entry, start) {
  const source = h("textarea", { rows: 16, spellcheck: false, value: entry.source, class: "source" });
  const seed = h("input", { type: "number", min: 0, placeholder: "the file's" });
  const problem = h("pre", { class: "problem", role: "alert", hidden: true });
  const run = h("button", { class: "small primary", type: "button", "aria-label": `Run ${entry.name}`, disabled: !!entry.problem }, "Run");
  const begin = async (button, wish) => {
    button.disabled = true;
    problem.hidden = true;
    try {
      await start({ scenario: entry.name, ...wish });
    } catch (error) {
      problem.hidden = false;
      say(problem, error.message);
      more.open = true;
    } finally {
      button.disabled = false;
    }
  };
  const changed = h("button", { class: "primary", type: "button" }, "Run this");
  changed.addEventListener("click", () => begin(changed, { ...(source.value !== entry.source && { text: source.value }), ...(seed.value !== "" && { seed: Number(seed.value) }) }));
  run.addEventListener("click", () => begin(run, {}));
  const more = h("details", {}, h("summary", {}, "Look at the file, change it"),
    field("The scenario: a change is for this run only", source), h("div", { class: "row end" }, field("Seed", seed, "The same seed gives the same run"), changed));
  const meta = entry.problem ? ["it has mistakes"] : [`${elapsed(entry.duration)} of virtual time`, plural(entry.runs, "run"), plural(entry.expectations, "expectation")];
  if (entry.own) meta.push("from this folder");
  if (entry.problem) {
    problem.hidden = false;
    say(problem, entry.problem);
  }
  return h("li", { "data-name": entry.name },
    h("div", { class: "title" }, h("h3", {}, entry.name), run),
    h("p", { class: "about" }, entry.text), h("p", { class: "dim meta" }, meta.join(" · ")), problem, more);
}

const TITLES = ["Scenario", "Result", "Begun", "Took", ""];

export function experimentsPage() {
  const stop = new AbortController();
  const list = h("ul", { class: "scenarios" });
  const filter = h("input", { type: "search", placeholder: "Search for a scenario", "aria-label": "Search for a scenario" });
  const body = h("tbody", {});
  const none = h("p", { class: "dim empty" }, "None yet: choose a scenario and run it.");
  const start = async (wish) => {
    const run = await (await api.send("POST", BASE, wish)).json();
    location.hash = runHref(run);
  };
  filter.addEventListener("input", () => {
    for (const item of list.children) item.hidden = !item.textContent.toLowerCase().includes(filter.value.trim().toLowerCase());
  });
  (async () => {
    try {
      const { scenarios } = await api.get(BASE);
      list.replaceChildren(...scenarios.map((entry) => scenario(entry, start)));
    } catch (error) {
      if (error.status !== 401) list.replaceChildren(h("li", { class: "problem" }, error.message));
    }
  })();
  api.follow(`${BASE}/runs`, stop.signal, ({ runs }) => {
    none.hidden = runs.length > 0;
    each(body, runs, (r) => r.id, (run) => {
      const parts = cells(TITLES);
      const progress = h("progress", { max: 1, "aria-label": `Progress of ${run.name}` });
      const text = h("span", {});
      const report = h("a", { class: "button small", href: reportHref(run), target: "_blank", rel: "noopener" }, "Report");
      const button = h("button", { class: "small", type: "button" });
      parts[0].append(h("a", { href: runHref(run) }, run.name));
      parts[1].append(text, progress);
      say(parts[2], clock(run.began));
      parts[4].append(h("div", { class: "buttons left tight" }, report, button));
      const row = Object.assign(h("tr", {}, parts), { parts, progress, text, report, button });
      button.addEventListener("click", () => end(row.run));
      return row;
    }, (row, run) => {
      row.run = run;
      const [words, status] = verdict(run);
      say(row.text, words);
      mark(row.text, "data-status", status);
      row.progress.hidden = run.state !== "running";
      row.progress.value = run.share;
      say(row.parts[3], run.took ? `${run.took.toFixed(run.took < 10 ? 2 : 0)} s` : "–");
      row.report.hidden = !run.parts.length;
      say(row.button, isOver(run) ? "Forget" : "Cancel");
      mark(row.button, "aria-label", `${isOver(run) ? "Forget" : "Cancel"} the run of ${run.name}`);
    });
  });
  return {
    root: h("section", {}, h("h1", {}, "Experiments"),
      h("p", { class: "lead" }, "An experiment is one file: what runs, what is sent, what is done, and what should be seen. It runs in virtual time, an hour in a moment, by the same rules as this cluster and beside it: your functions are not touched."),
      h("div", { class: "card scroll" }, h("h2", {}, "Runs"), table(TITLES, body), none),
      h("div", { class: "card" }, h("div", { class: "title" }, h("h2", {}, "Scenarios"), filter), list,
        h("p", { class: "dim" }, "Your own come first: put them into a folder ", h("code", {}, "sim-configs"), " where you start ", h("code", {}, "faasim up"), "."))),
    leave: () => stop.abort(),
  };
}
