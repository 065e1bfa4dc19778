// The cluster itself: where it runs, and by which rules.

import { h, say, each } from "./dom.js";
import { count, plural } from "./words.js";

const ROUTING = { "least-inflight": "the one with the fewest requests", "round-robin": "one after the other", random: "any", "most-recently-used": "the one used last", "least-recently-used": "the one idle longest" };

function facts(title) {
  const list = h("dl", { class: "facts" });
  return {
    root: h("div", { class: "card" }, h("h2", {}, title), list),
    draw: (all) => each(list, all, ([name]) => name, ([name]) => {
      const value = h("dd", {});
      const note = h("small", {});
      return Object.assign(h("div", {}, h("dt", {}, name), value, note), { value, note });
    }, (row, [, value, note]) => {
      say(row.value, value);
      say(row.note, note ?? "");
    }),
  };
}

export function clusterPage() {
  const place = facts("Where it runs");
  const rules = facts("Its rules");
  return {
    root: h("section", {}, h("h1", {}, "Cluster"), place.root, rules.root, h("p", { class: "dim" }, h("code", {}, "faasim up --print-config"), " shows every setting and where it came from.")),
    update(picture) {
      const p = picture.platform;
      const used = picture.functions.reduce((sum, f) => sum + f.cpu, 0);
      place.draw([
        ["faasim", p.version], ["Pods are", p.provider === "docker" ? "containers of Docker" : "processes of this machine", p.provider_note],
        ["Nodes", picture.nodes.map(([name, cores]) => `${name}, ${plural(cores, "core")}`).join("; "), `${count(used)}m of ${count(picture.nodes.reduce((n, [, c]) => n + c * 1000, 0))}m CPU in use by pods`],
        ["Gateway", p.gateway], ["Metrics for Prometheus", p.metrics], ["State folder", p.state_dir],
      ]);
      rules.draw([
        ["OpenFaaS edition", { pro: "Pro", ce: "CE" }[picture.rules.edition] ?? picture.rules.edition, "whose scaling rules hold where there is no HPA"],
        ["Which pod takes a request", picture.rules.routing, ROUTING[picture.rules.routing]],
        ["HPA", `looks every ${picture.rules.syncSeconds} s`, `dialect ${picture.rules.dialect}`],
        ["Most replicas of a function", count(picture.rules.maxReplicas)],
      ]);
    },
  };
}
