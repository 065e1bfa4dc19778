// Names of secrets, and who uses them.

import { h, say, each, table, cells } from "./dom.js";
import * as api from "./api.js";
import { href } from "./list.js";

const TITLES = ["Name", "Namespace", "Read by"];

export function secretsPage() {
  const body = h("tbody", {});
  const none = h("p", { class: "dim empty", hidden: true }, "There is no secret yet. In a terminal, ", h("code", {}, "faasim secret create NAME --from-literal VALUE"), " makes one.");
  const problem = h("p", { class: "problem", role: "alert" });
  let asked = 0;
  let latest = null;
  async function look() {
    try {
      const spaces = [...new Set(["openfaas-fn", ...latest.functions.map((f) => f.namespace)])];
      const found = await Promise.all(spaces.map((n) => api.get(`/system/secrets?namespace=${encodeURIComponent(n)}`)));
      const all = found.flat().map((s) => ({ namespace: "openfaas-fn", ...s }));
      say(problem, "");
      none.hidden = all.length > 0;
      each(body, all, (s) => `${s.namespace}/${s.name}`, (s) => {
        const parts = cells(TITLES);
        say(parts[0], s.name);
        say(parts[1], s.namespace);
        return Object.assign(h("tr", {}, parts), { parts });
      }, (row, s) => {
        const users = latest.functions.filter((f) => f.namespace === s.namespace && f.secrets.includes(s.name));
        const text = users.map((f) => f.name).join(", ") || "nobody";
        if (row.parts[2].textContent !== text) row.parts[2].replaceChildren(...(users.length ? users.flatMap((f, i) => [i ? ", " : "", h("a", { href: href(f) }, f.name)]) : ["nobody"]));
      });
    } catch (error) {
      say(problem, error.status ? error.message : "");
    }
  }
  return {
    root: h("section", {}, h("h1", {}, "Secrets"),
      h("p", { class: "lead" }, "A function that names a secret reads it from the file ", h("code", {}, "/var/openfaas/secrets/NAME"), ". Only names are shown: values go in, and never come out again."),
      problem, h("div", { class: "card scroll" }, table(TITLES, body), none)),
    update(picture) {
      latest = picture;
      if (picture.now - asked < 1900) return;
      asked = picture.now;
      look();
    },
  };
}
