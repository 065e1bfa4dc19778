// The pods of a function, and what happened to it.

import { h, say, mark, each, table, cells, confirm, toast } from "./dom.js";
import { age, bytes, share } from "./words.js";
import * as api from "./api.js";

export function podsTab(of) {
  const head = ["Pod", "Ready", "Status", "Restarts", "CPU", "Share of request", "Memory", "In flight", "Age", ""];
  const pods = h("tbody", {});
  const events = h("tbody", {});
  const none = h("p", { class: "dim empty" }, "No pod: the function is asleep, and a request wakes it.");
  const restart = h("button", { class: "small", type: "button" }, "Replace all, one by one");
  restart.addEventListener("click", async () => {
    try {
      await api.wish({ Restart: of });
      toast(`the pods of ${of.name} are replaced one after the other`);
    } catch (error) {
      toast(error.message, true);
    }
  });
  const remove = async (name) => {
    if (!(await confirm(`Delete pod ${name}?`, "Its requests may finish; another pod takes its place.", "Delete"))) return;
    try {
      await api.wish({ DeletePod: { name } });
      toast(`${name} is being deleted`);
    } catch (error) {
      toast(error.message, true);
    }
  };
  const titles = ["Last", "Times", "Type", "Reason", "Object", "Message"];
  return {
    root: h("div", {},
      h("div", { class: "card scroll" }, h("div", { class: "title" }, h("h2", {}, "Pods"), restart), table(head, pods), none),
      h("div", { class: "card scroll" }, h("h2", {}, "Events"), table(titles, events))),
    update(picture, f, detail) {
      if (!detail) return;
      none.hidden = detail.pods.length > 0;
      each(pods, detail.pods, (p) => p.name, (p) => {
        const parts = cells(head);
        say(parts[0], p.name);
        parts[9].append(h("button", { class: "small danger", type: "button", "aria-label": `Delete pod ${p.name}`, onclick: () => remove(p.name) }, "Delete"));
        return Object.assign(h("tr", {}, parts), { parts });
      }, (row, p) => {
        const [, ready, status, restarts, cpu, of, memory, flight, old] = row.parts;
        say(ready, p.ready ? "● 1/1" : "◌ 0/1");
        mark(ready, "data-status", p.ready ? "Ready" : "Not ready");
        say(status, p.status);
        say(restarts, p.restarts);
        say(cpu, `${p.cpu}m`);
        say(of, share(p.cpu, f.cpuRequest));
        say(memory, bytes(p.memory));
        say(flight, p.inFlight);
        say(old, age(p.created, picture.now));
      });
      each(events, detail.events, (e) => `${e.object} ${e.reason} ${e.message}`, (e) => {
        const parts = cells(titles);
        say(parts[2], e.warning ? "⚠ Warning" : "Normal");
        mark(parts[2], "data-status", e.warning ? "Failed" : null);
        say(parts[3], e.reason);
        say(parts[4], e.object);
        say(parts[5], e.message);
        return Object.assign(h("tr", {}, parts), { parts });
      }, (row, e) => {
        say(row.parts[0], age(e.last, picture.now));
        say(row.parts[1], e.count);
      });
    },
  };
}
