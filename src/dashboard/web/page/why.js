// The decisions about a function's size, each with its working.

import { h, say, each } from "./dom.js";
import { clock } from "./words.js";

export function whyTab() {
  const list = h("ol", { class: "decisions" });
  const none = h("p", { class: "dim empty" }, "Nothing was decided yet. Scale it, give it an autoscaler, or send it a load.");
  const next = h("span", { class: "dim" });
  const only = h("input", { type: "checkbox" });
  return {
    root: h("div", { class: "card" }, h("h2", {}, "Why it has the size it has"), h("p", { class: "dim" }, "Each look of its scaler, newest first, with the numbers it used: to be checked with a pocket calculator."), h("div", { class: "tools" }, h("label", { class: "radio" }, only, "only changes"), next), none, list),
    update(picture, _f, detail) {
      if (!detail) return;
      const shown = detail.decisions.filter((d) => !only.checked || d.from !== d.to);
      none.hidden = detail.decisions.length > 0;
      const left = detail.nextLook ? Math.ceil((detail.nextLook - picture.now) / 1000) : null;
      say(next, left === null ? "" : left > 0 ? `next look in ${left} s` : "looking now");
      each(list, shown, (d) => `${d.at} ${d.headline}`, (d) => h("li", { class: d.from === d.to ? "keeps" : "changes" },
        h("h3", {}, h("time", { class: "dim" }, clock(d.at)), d.from === d.to ? " = " : d.to > d.from ? " ▲ " : " ▼ ", d.headline),
        h("ol", {}, d.lines.map((line) => h("li", {}, line)))), () => {});
    },
  };
}
