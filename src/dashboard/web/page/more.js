// The smaller pages: asynchronous calls, names of secrets, and the cluster itself.

import { h, say, each } from "./dom.js";
import * as api from "./api.js";
import { plural } from "./words.js";

/** A page that asks for its list now and then, and says so when this faasim has no such thing. */
function listing(title, lead, path, missing, render) {
  const place = h("div", { class: "card scroll" });
  let asked = 0;
  let busy = false;
  async function look() {
    busy = true;
    try {
      render(place, await api.get(path));
    } catch (error) {
      place.replaceChildren(h("p", { class: "dim empty" }, error.status === 404 ? missing : error.message));
    }
    busy = false;
  }
  return {
    root: h("section", {}, h("h1", {}, title), h("p", { class: "dim" }, lead), place),
    update(picture) {
      if (busy || picture.now - asked < 1900) return;
      asked = picture.now;
      look();
    },
  };
}

function table(place, titles, rows) {
  if (!rows.length) return false;
  place.replaceChildren(h("table", { class: "stack" }, h("thead", {}, h("tr", {}, titles.map((t) => h("th", { scope: "col" }, t)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, i) => h(i ? "td" : "th", { "data-name": titles[i], scope: i ? null : "row" }, cell)))))));
  return true;
}

export const secretsPage = () => listing("Secrets", "Only names are shown: a secret's value is read by functions, and by nobody else.", "/system/secrets",
  "This cluster keeps no secrets yet.", (place, found) => {
    const rows = (found ?? []).map((s) => [s.name, s.namespace ?? ""]);
    if (!table(place, ["Name", "Namespace"], rows)) place.replaceChildren(h("p", { class: "dim empty" }, "No secret. ", h("code", {}, "faasim secret create NAME --from-literal VALUE"), " makes one."));
  });

const plain = (value) => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

export const asyncPage = () => listing("Asynchronous calls", "Calls to /async-function/NAME are answered with 202 at once, queued, and sent to the function later.", "/system/faasim/async",
  "This cluster takes no asynchronous calls.", (place, found) => {
    const calls = Array.isArray(found) ? found : found?.calls ?? [];
    const titles = [...new Set(calls.flatMap((c) => Object.keys(c)))];
    if (!table(place, titles, calls.map((c) => titles.map((t) => plain(c[t]))))) place.replaceChildren(h("p", { class: "dim empty" }, "No call waits."));
  });

export function clusterPage() {
  const list = h("dl", { class: "facts card" });
  return {
    root: h("section", {}, h("h1", {}, "Cluster"), list),
    update(picture) {
      const p = picture.platform;
      const facts = [
        ["faasim", p.version], ["Pods are", p.provider + (p.providerNote ?? p.provider_note ? ` (${p.provider_note})` : "")],
        ["Gateway", p.gateway], ["Metrics for Prometheus", p.metrics], ["State folder", p.state_dir],
        ["Nodes", picture.nodes.map(([name, cores]) => `${name}, ${plural(cores, "core")}`).join("; ")],
        ["OpenFaaS edition", picture.rules.edition], ["Which pod takes a request", picture.rules.routing],
        ["HPA", `dialect ${picture.rules.dialect}, looks every ${picture.rules.syncSeconds} s`], ["Most replicas of a function", picture.rules.maxReplicas],
      ];
      each(list, facts, ([name]) => name, ([name]) => {
        const value = h("dd", {});
        return Object.assign(h("div", {}, h("dt", {}, name), value), { value });
      }, (row, [, value]) => say(row.value, value));
    },
  };
}
