// Charts of one function.

import { h } from "./dom.js";
import { chart } from "./chart.js";
import { count, short, ms } from "./words.js";
import * as past from "./past.js";

const PODS = 12;
let minutes = 2;

export function liveTab(of) {
  const span = h("select", { "aria-label": "How much of the past" }, [1, 2, 5, 15].map((m) =>
    h("option", { value: m }, `last ${m} min`)));
  span.value = String(minutes);
  let request = null;
  const charts = {
    pods: chart({ title: "Replicas", unit: "pods", whole: true, format: count }),
    cpu: chart({ title: "CPU per pod", unit: "millicores (left), share of the request (right)", format: (n) => `${count(n)}m`, right: (n) => request && `${count((n * 100) / request)} %` }),
    latency: chart({ title: "Latency", unit: "milliseconds", format: ms }),
    rate: chart({ title: "Rate", unit: "requests a second", format: short }),
    load: chart({ title: "In the system", unit: "requests not yet answered", whole: true, format: count }),
  };
  let latest = null;
  function update(picture, f) {
    latest = [picture, f];
    request = f.cpuRequest;
    const to = picture.now;
    const from = to - minutes * 60000;
    const points = past.of(of);
    const line = (name, value, more) => ({ name, points: points.map((p) => ({ at: p.at, y: value(p) })), ...more });
    charts.pods.draw(from, to, [line("wanted", (p) => p.replicas, { step: true, dash: 1 }), line("ready", (p) => p.ready, { step: true, dash: 0 })]);
    charts.latency.draw(from, to, [line("p50", (p) => p.p50), line("p95", (p) => p.p95), line("p99", (p) => p.p99)]);
    charts.rate.draw(from, to, [line("answered", (p) => p.rate), line("failed", (p) => p.errors, { hue: 3 })]);
    charts.load.draw(from, to, [line("in flight", (p) => p.inFlight), line("waiting for a pod", (p) => p.waiting)]);
    const pods = past.podsOf(of, from).slice(-PODS);
    const levels = [];
    if (f.cpuRequest) levels.push({ name: `request ${f.cpuRequest}m`, y: f.cpuRequest });
    if (f.cpuTarget && f.cpuTarget !== f.cpuRequest) levels.push({ name: `target ${f.cpuTarget}m`, y: f.cpuTarget });
    charts.cpu.draw(from, to, pods.map((pod) => ({ name: pod.name.split("-").at(-1), points: pod.points.map((p) => ({ at: p.at, y: p.cpu })) })), levels);
  }
  span.addEventListener("change", () => {
    minutes = Number(span.value);
    if (latest) update(...latest);
  });
  return { root: h("div", {}, h("div", { class: "tools right" }, span), h("div", { class: "charts" }, Object.values(charts).map((c) => c.root))), update };
}
