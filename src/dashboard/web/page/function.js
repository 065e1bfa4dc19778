// One function: what it is, and six tabs about it.

import { h, say, mark, copy, confirm, toast } from "./dom.js";
import { count, plural, age } from "./words.js";
import { SIGNS, href } from "./list.js";
import * as api from "./api.js";
import { invokeTab } from "./invoke.js";
import { liveTab } from "./live.js";
import { podsTab } from "./pods.js";
import { logsTab } from "./logs.js";
import { whyTab } from "./why.js";
import { scaleTab } from "./scale.js";

export const TABS = ["invoke", "live", "pods", "logs", "why", "scale"];
const MAKERS = { invoke: invokeTab, live: liveTab, pods: podsTab, logs: logsTab, why: whyTab, scale: scaleTab };
export const TITLES = { invoke: "Invoke", live: "Charts", pods: "Pods", logs: "Logs", why: "Why", scale: "Scale" };
const MORE = { pods: "Pods and events", why: "Decisions about its size, with their working" };

export function functionPage(of, first) {
  const url = api.urlOf(of);
  const fact = (name, ...more) => {
    const value = h("dd", {});
    return { value, root: h("div", {}, h("dt", {}, name), h("div", { class: "with" }, value, more)) };
  };
  const status = fact("Status");
  const replicas = fact("Replicas");
  const calls = fact("Invocation count");
  const image = fact("Image");
  const process = fact("Function process");
  const address = fact("URL", copy(() => url, "the URL"));
  address.root.classList.add("wide");
  const charge = h("p", { class: "dim charge" });
  const badge = h("span", { class: "badge", id: "badge" });
  const gone = h("p", { class: "notice", hidden: true }, `There is no function ${of.name} in ${of.namespace}. It may have been removed.`);
  const edit = h("a", { class: "button", href: `#/deploy/${encodeURIComponent(of.namespace)}/${encodeURIComponent(of.name)}` }, "Update");
  const remove = h("button", { class: "danger", type: "button", id: "remove" }, "Remove");
  remove.addEventListener("click", async () => {
    const sure = await confirm(`Remove ${of.name}?`, "Its pods stop, its autoscaler is deleted, and its URL answers 404. It can be deployed again; what its pods wrote is gone.", "Remove");
    if (!sure) return;
    try {
      await api.wish({ Remove: of });
      toast(`${of.name} is removed`);
      location.hash = "#/";
    } catch (error) {
      toast(error.message, true);
    }
  });
  const tabs = h("nav", { class: "tabs", "aria-label": `About ${of.name}` }, TABS.map((t, i) =>
    h("a", { href: href(of, t), "data-tab": t, title: `${MORE[t] ?? TITLES[t]} (key ${i + 1})` }, TITLES[t])));
  const place = h("div", { class: "tab" });
  const facts = h("dl", { class: "facts card" }, [status, replicas, calls, image, process, address].map((f) => f.root));
  const root = h("section", { class: "function" },
    h("a", { class: "back", href: "#/" }, "← Functions"),
    h("div", { class: "title" }, h("h1", {}, of.name, of.namespace === "openfaas-fn" ? null : h("span", { class: "dim" }, ` ${of.namespace}`), " ", badge), edit, remove),
    gone, facts, charge, tabs, place);

  let tab = null;
  let latest = null;
  function turn(name) {
    tab?.leave?.();
    root.dataset.tab = name;
    for (const link of tabs.children) mark(link, "aria-current", link.dataset.tab === name ? "page" : null);
    tab = MAKERS[name](of);
    place.replaceChildren(tab.root);
    if (latest) update(latest);
  }
  function update(picture) {
    latest = picture;
    const f = picture.functions.find((f) => f.name === of.name && f.namespace === of.namespace);
    gone.hidden = !!f;
    facts.hidden = tabs.hidden = place.hidden = charge.hidden = edit.hidden = remove.hidden = !f;
    if (!f) return;
    say(badge, `${SIGNS[f.status]} ${f.ready}/${f.replicas}`);
    mark(badge, "data-status", f.status);
    mark(badge, "title", `${f.status}: ${f.ready} of ${f.replicas} replicas are ready`);
    say(status.value, `${SIGNS[f.status]} ${f.status}`);
    mark(status.value, "data-status", f.status);
    say(replicas.value, f.ready === f.replicas ? count(f.replicas) : `${f.ready} ready of ${f.replicas}`);
    say(calls.value, count(f.invocations) + (f.coldStarts ? ` (${plural(f.coldStarts, "cold start")})` : ""));
    say(image.value, f.image);
    say(process.value, f.envProcess ?? "the image's own");
    say(address.value, url);
    say(charge, `${f.inCharge.replaceAll("`", "")}. Deployed ${age(f.created, picture.now)} ago.`);
    const detail = picture.detail?.name === of.name && picture.detail.namespace === of.namespace ? picture.detail : null;
    tab?.update?.(picture, f, detail);
  }
  turn(first);
  return { root, update, turn, leave: () => tab?.leave?.() };
}
