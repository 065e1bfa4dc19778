// What the pods of a function write, as they write it.

import { h, say, mark } from "./dom.js";
import * as api from "./api.js";
import { clock } from "./words.js";

const KEPT = 2000;

export function logsTab(of) {
  const filter = h("input", { type: "search", placeholder: "Only lines with …", "aria-label": "Filter the log" });
  const follow = h("button", { class: "small", type: "button", "aria-pressed": "true" }, "Following");
  const clear = h("button", { class: "small", type: "button" }, "Clear");
  const state = h("span", { class: "dim" });
  const box = h("div", { class: "log", id: "log", tabindex: 0, role: "log", "aria-label": `Log of ${of.name}` });
  const stop = new AbortController();
  let following = true;
  let seen = null;
  const passes = (text) => text.toLowerCase().includes(filter.value.trim().toLowerCase());
  const pin = (on) => {
    following = on;
    mark(follow, "aria-pressed", on);
    say(follow, on ? "Following" : "Follow");
    if (on) box.scrollTop = box.scrollHeight;
  };
  box.addEventListener("scroll", () => {
    const end = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    if (end !== following) pin(end);
  });
  follow.addEventListener("click", () => pin(!following));
  clear.addEventListener("click", () => box.replaceChildren());
  filter.addEventListener("input", () => {
    for (const row of box.children) row.hidden = !passes(row.textContent);
    if (following) box.scrollTop = box.scrollHeight;
  });
  (async () => {
    while (!stop.signal.aborted) {
      try {
        say(state, "following the pods");
        for await (const line of api.logs(of, stop.signal)) {
          if (stop.signal.aborted) return;
          // After a break the last lines come again.
          if (seen && line.timestamp <= seen && box.dataset.again) continue;
          seen = line.timestamp;
          const row = h("div", { class: "line" }, h("span", { class: "dim" }, clock(Date.parse(line.timestamp))), h("span", { class: "who", title: line.instance }, line.instance.split("-").at(-1)), h("span", {}, line.text));
          row.hidden = !passes(row.textContent);
          box.append(row);
          if (box.childElementCount > KEPT) box.firstChild.remove();
          if (following) box.scrollTop = box.scrollHeight;
        }
      } catch (error) {
        if (stop.signal.aborted || error.status === 401) return;
        say(state, error.status ? error.message : "the cluster does not answer; trying again");
      }
      box.dataset.again = "yes";
      await new Promise((then) => setTimeout(then, 1500));
    }
  })();
  return { root: h("div", { class: "card" }, h("div", { class: "tools" }, filter, follow, clear, state), box), leave: () => stop.abort() };
}
