// Sets replicas by hand, and the autoscaler.

import { h, say, field, confirm, toast } from "./dom.js";
import * as api from "./api.js";

const METRICS = {
  "cpu-percent": ["CPU, % of the request", (n) => ({ type: "Resource", name: "cpu", target: { utilization: n } })],
  "cpu-milli": ["CPU, millicores a pod", (n) => ({ type: "Resource", name: "cpu", target: { averageValue: n } })],
  "memory-percent": ["Memory, % of the request", (n) => ({ type: "Resource", name: "memory", target: { utilization: n } })],
  rps: ["Requests a second and pod", (n) => ({ type: "Pods", metric: "requests_per_second", target: n * 1000 })],
  flight: ["Requests in flight a pod", (n) => ({ type: "Pods", metric: "in_flight", target: n * 1000 })],
};

/** Which entry of METRICS a metric is, and its number; null when it is none of them. */
function known(m) {
  if (m.type === "Resource" && m.target.utilization !== undefined) return [m.name === "cpu" ? "cpu-percent" : "memory-percent", m.target.utilization];
  if (m.type === "Resource" && m.name === "cpu") return ["cpu-milli", m.target.averageValue];
  if (m.type === "Pods" && m.metric === "requests_per_second") return ["rps", m.target / 1000];
  if (m.type === "Pods" && m.metric === "in_flight") return ["flight", m.target / 1000];
  return null;
}

const seconds = (d) => (d ? d.secs : "");
const span = (n) => ({ secs: Number(n), nanos: 0 });

function rules(title) {
  const number = (min) => h("input", { type: "number", min, step: "any" });
  const wait = number(0);
  const select = h("select", {}, ["", "Max", "Min", "Disabled"].map((n) => h("option", { value: n }, n || "default")));
  const kind = h("select", {}, ["", "Pods", "Percent"].map((n) => h("option", { value: n }, n || "no policy")));
  const value = number(1);
  const period = number(1);
  const tolerance = number(0);
  let others = [];
  return {
    root: h("fieldset", {}, h("legend", {}, title), h("div", { class: "grid close" },
      field("Stabilization window (s)", wait), field("Of several policies", select), field("Policy", kind),
      field("Value", value), field("Per (s)", period), field("Tolerance", tolerance, "0.1 is 10 %"))),
    set(r) {
      const [first, ...rest] = r?.policies ?? [];
      others = rest;
      wait.value = seconds(r?.stabilization);
      select.value = r?.select ?? "";
      kind.value = first?.type ?? "";
      value.value = first?.value ?? "";
      period.value = seconds(first?.period);
      tolerance.value = r?.tolerance ?? "";
    },
    read() {
      const all = kind.value ? [{ type: kind.value, value: Number(value.value || 1), period: span(period.value || 15) }, ...others] : others;
      const read = {
        stabilization: wait.value === "" ? null : span(wait.value), select: select.value || null,
        policies: all.length ? all : null, tolerance: tolerance.value === "" ? null : Number(tolerance.value),
      };
      return Object.values(read).every((v) => v === null) ? null : read;
    },
  };
}

export function scaleTab(of) {
  const slider = h("input", { type: "range", min: 0, max: 20, step: 1, id: "slider", "aria-label": "Replicas" });
  const number = h("input", { type: "number", min: 0, id: "replicas", "aria-label": "Replicas, as a number" });
  const set = h("button", { class: "primary", id: "scale" }, "Scale");
  const now = h("p", { class: "dim", id: "now" });
  const held = h("p", { class: "notice", hidden: true }, "The autoscaler is in charge: what you set here lasts until its next look.");
  const by = h("form", { class: "card" }, h("h2", {}, "Replicas"), now, held, h("div", { class: "row slide" }, slider, number, set));
  let touched = false;
  slider.addEventListener("input", () => {
    touched = true;
    number.value = slider.value;
  });
  number.addEventListener("input", () => {
    touched = true;
    slider.value = number.value;
  });
  const act = async (command, done) => {
    try {
      const notes = await api.wish(command);
      toast([done, ...notes].join(". "));
      return true;
    } catch (error) {
      toast(error.message, true);
      return false;
    }
  };
  by.addEventListener("submit", async (event) => {
    event.preventDefault();
    const replicas = Number(number.value);
    if (await act({ Scale: { function: of, replicas } }, `${of.name}: ${replicas} replicas are wanted`)) touched = false;
  });

  const metric = h("select", {}, Object.entries(METRICS).map(([key, [text]]) => h("option", { value: key }, text)));
  const target = h("input", { type: "number", min: 1, step: "any", required: true, id: "hpa-target" });
  const min = h("input", { type: "number", min: 0, required: true, id: "hpa-min" });
  const max = h("input", { type: "number", min: 1, required: true, id: "hpa-max" });
  const up = rules("Scaling up");
  const down = rules("Scaling down");
  const more = h("p", { class: "dim", hidden: true });
  const save = h("button", { class: "primary", id: "hpa-save" });
  const remove = h("button", { class: "danger", type: "button", id: "hpa-delete" }, "Delete the HPA");
  const state = h("p", { class: "dim" });
  const form = h("form", { class: "card" }, h("h2", {}, "Horizontal pod autoscaler"), state,
    h("div", { class: "grid" }, field("Metric", metric), field("Target for each pod", target), field("At least (pods)", min), field("At most (pods)", max)), more,
    h("details", {}, h("summary", {}, "Behavior: how fast it may go"), h("p", { class: "dim" }, "What is empty is as Kubernetes has it: up at once, to at most twice as many or 4 a step; down only to the largest size wanted in the window."), up.root, down.root),
    h("div", { class: "buttons left" }, save, remove));
  let shown = null;
  let kept = [];
  let foreign = null;
  let dirty = false;
  form.addEventListener("input", () => (dirty = true));
  function fill(spec) {
    const first = spec ? known(spec.metrics[0] ?? {}) : ["cpu-percent", 50];
    foreign = first ? null : spec.metrics[0];
    kept = spec?.metrics.slice(1) ?? [];
    [metric.value, target.value] = first ?? ["cpu-percent", 50];
    metric.disabled = target.disabled = !!foreign;
    min.value = spec?.minReplicas ?? 1;
    max.value = spec?.maxReplicas ?? 5;
    up.set(spec?.behavior?.scaleUp);
    down.set(spec?.behavior?.scaleDown);
    const extra = kept.length + (foreign ? 1 : 0);
    more.hidden = !extra;
    say(more, `${extra} more of its metrics cannot be changed here and stay as they are: \`faasim edit hpa ${of.name}\` has all.`);
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const first = foreign ?? METRICS[metric.value][1](Number(target.value));
    const behavior = { scaleUp: up.read(), scaleDown: down.read() };
    const spec = {
      minReplicas: Number(min.value), maxReplicas: Number(max.value), metrics: [first, ...kept],
      behavior: behavior.scaleUp || behavior.scaleDown ? behavior : null,
    };
    if (await act({ Autoscale: { function: of, spec, replace: true } }, `${of.name}: the HPA is set`)) dirty = false;
  });
  remove.addEventListener("click", async () => {
    if (!(await confirm(`Delete the HPA of ${of.name}?`, "The replicas stay as they are; OpenFaaS' scaler is in charge again.", "Delete"))) return;
    if (await act({ DeleteHpa: of }, `${of.name}: the HPA is deleted`)) dirty = false;
  });
  return {
    root: h("div", { class: "pair" }, by, form),
    update(picture, f) {
      slider.max = String(Math.max(10, f.hpa?.max ?? 0, f.replicas, Number(number.value) || 0));
      if (!touched && document.activeElement !== number) {
        slider.value = String(f.replicas);
        number.value = String(f.replicas);
      }
      say(now, `${f.ready} of ${f.replicas} replicas are ready.`);
      held.hidden = !f.hpa;
      const text = JSON.stringify(f.hpa?.spec ?? null);
      if (text !== shown && !dirty) {
        shown = text;
        fill(f.hpa?.spec);
      }
      say(state, f.hpa ? `Now ${f.hpa.targets}, with ${f.hpa.min} to ${f.hpa.max} pods. It looks every ${picture.rules.syncSeconds} s (dialect ${picture.rules.dialect}).` : `There is none. With one, the replicas follow the load: every ${picture.rules.syncSeconds} s it looks at what a pod uses, and compares it with the target.`);
      say(save, f.hpa ? "Change the HPA" : "Set the HPA");
      remove.hidden = !f.hpa;
    },
  };
}
