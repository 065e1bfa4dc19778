// Keys for those who like them; everything can be reached with Tab and Enter too.

import { h } from "./dom.js";
import { TABS, TITLES } from "./function.js";

const KEYS = [
  ["/", "search functions"],
  ["j  k", "next, previous function"],
  [`1 … ${TABS.length}`, TABS.map((t) => TITLES[t]).join(", ")],
  ["h", "all functions"],
  ["n", "deploy a function"],
  ["x", "experiments"],
  ["Ctrl Enter", "send a request"],
  ["?", "this list"],
  ["Esc", "close, or leave a field"],
];

export function help() {
  const box = h("dialog", { class: "dialog", "aria-label": "Keys" },
    h("form", { method: "dialog" }, h("h2", {}, "Keys"),
      h("dl", { class: "keys" }, KEYS.map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
      h("div", { class: "buttons" }, h("button", { autofocus: true }, "Close"))));
  const before = document.activeElement;
  box.addEventListener("close", () => {
    box.remove();
    before?.focus?.();
  });
  document.body.append(box);
  box.showModal();
}

/** Listens while `active` says so. `to` goes to an address; `where` is the route that is shown. */
export function listen(active, list, where, to) {
  const go = { h: "#/", n: "#/deploy", x: "#/experiments" };
  document.addEventListener("keydown", (event) => {
    if (!active() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const at = (of, tab) => to(`#/f/${encodeURIComponent(of.namespace)}/${encodeURIComponent(of.name)}/${tab}`);
    const { of, tab } = where() ?? {};
    if (event.key === "/") list.search();
    else if (event.key === "?") help();
    else if (go[event.key]) to(go[event.key]);
    else if (event.key === "j" || event.key === "k") {
      const next = list.beside(of, event.key === "j" ? 1 : -1);
      if (next) at(next, tab ?? "invoke");
    } else if (of && TABS[Number(event.key) - 1]) at(of, TABS[Number(event.key) - 1]);
    else return;
    event.preventDefault();
  });
}
