// Charts of one function.

import { h } from "./dom.js";
import { chart } from "./chart.js";
import { count, short, ms, share } from "./words.js";
import * as past from "./past.js";

const PODS = 12;
let minutes = 2;

export function liveTab(of) {
  const span = h("select", { id: "span" }, [1, 2, 5, 15].map((m) => h("option", { value: m }, `last ${m} min`)));
  span.value = String(minutes);
  let request = null;
  const charts = {
    pods: chart({ title: "Replicas", unit: "pods", whole: true, format: count }),
    cpu: chart({
      title: "CPU per pod", unit: "millicores on the left, share of the request on the right", format: (n) => `${short(n)}m`,
      right: (n) => request && share(n, request), note: "1000m is one core. An HPA's target is a share of the request.",
    }),
    latency: chart({ title: "Latency", unit: "half (p50), 95 % and 99 % of the answers were faster", format: ms }),
    rate: chart({ title: "Rate", unit: "requests a second", format: short }),
    load: chart({ title: "In the system", unit: "requests that are not yet answered", whole: true, format: count }),
  };
  let latest = null;
  function update(picture, f) {
    latest = [picture, f];
    request = f.cpuRequest;
    const to = picture.now;
    const from = to - minutes * 60000;
    const points = past.of(of);
    const line = (name, value, more) => ({ name, points: points.map((p) => ({ at: p.at, y: value(p) })), ...more });
    // Where nothing was answered there is no latency.
    const waited = (name, value) => line(name, (p) => (p.rate > 0 ? value(p) : null));
    charts.pods.draw(from, to, [line("wanted", (p) => p.replicas, { step: true, dash: 1 }), line("ready", (p) => p.ready, { step: true, dash: 0 })]);
    charts.latency.draw(from, to, [waited("p50", (p) => p.p50), waited("p95", (p) => p.p95), waited("p99", (p) => p.p99)]);
    charts.rate.draw(from, to, [line("answered", (p) => p.rate), line("failed", (p) => p.errors, { hue: 3 })]);
    charts.load.draw(from, to, [line("in flight", (p) => p.inFlight), line("waiting for a pod", (p) => p.waiting)]);
    const pods = past.podsOf(of, from).slice(-PODS);
    const levels = [];
    if (f.cpuRequest) levels.push({ name: `request ${f.cpuRequest}m`, y: f.cpuRequest });
    if (f.cpuTarget && f.cpuTarget !== f.cpuRequest) levels.push({ name: `target ${f.cpuTarget}m`, y: f.cpuTarget });
    charts.cpu.draw(from, to, pods.map((pod) => ({
      name: pod.name.split("-").at(-1), points: pod.points.map((p) => ({ at: p.at, y: p.cpu })),
      more: f.cpuRequest ? (n) => `(${share(n, f.cpuRequest)})` : null,
    })), levels);
  }
  span.addEventListener("change", () => {
    minutes = Number(span.value);
    if (latest) update(...latest);
  });
  return {
    root: h("div", {}, h("div", { class: "tools right" }, h("label", { for: "span", class: "dim" }, "Shown: the"), span),
      h("div", { class: "charts" }, Object.values(charts).map((c) => c.root))),
    update,
  };
}
