// Asynchronous calls: how many are in which state, which they are, and how those that ended did.

import { h, say, mark, each, table, cells, toast } from "./dom.js";
import * as api from "./api.js";
import { age, bytes, count } from "./words.js";

const STATES = { queued: ["waiting for their first try", "○"], running: ["their function works on them", "▸"], retrying: ["failed, waiting for another try", "↻"], dead: ["given up, kept to be looked at", "✗"] };
const TITLES = ["Call", "Function", "State", "Tries", "Last status", "Body", "Came", "Next try", ""];
const ENDED = ["Call", "Function", "Result", "Tries", "Ended"];
const PATH = "/system/faasim/async";

const plain = (name) => name.replace(/\.openfaas-fn$/, "");

async function act(method, path, done) {
  try {
    await api.ask(path, { method });
    toast(done);
  } catch (error) {
    toast(error.message, true);
  }
}

export function asyncPage() {
  const counts = h("dl", { class: "facts" });
  const body = h("tbody", {});
  const ended = h("tbody", {});
  const none = h("p", { class: "dim empty" }, "No call waits. On a function's page, ", h("b", {}, "Invoke asynchronously"), " makes one.");
  const past = h("div", { class: "card scroll", hidden: true }, h("h2", {}, "Ended since faasim started"), table(ENDED, ended));
  const problem = h("p", { class: "problem", role: "alert" });
  let asked = 0;
  function draw(found, now) {
    each(counts, Object.keys(STATES), (s) => s, (state) => {
      const value = h("dd", { class: "big" });
      return Object.assign(h("div", {}, h("dt", {}, `${STATES[state][1]} ${state}`), value, h("small", {}, STATES[state][0])), { value });
    }, (row, state) => say(row.value, count(found.counts[state] ?? 0)));
    none.hidden = found.calls.length > 0;
    each(body, found.calls, (c) => c.call_id, (c) => {
      const parts = cells(TITLES);
      say(parts[0], c.call_id);
      say(parts[1], plain(c.function));
      say(parts[5], bytes(c.bytes));
      const query = new URLSearchParams({ call_id: c.call_id });
      const retry = h("button", { class: "small", type: "button", "aria-label": `Try ${c.call_id} now`, onclick: () => act("POST", `${PATH}/retry?${query}`, "it is tried now") }, "Try now");
      const forget = h("button", { class: "small danger", type: "button", "aria-label": `Forget ${c.call_id}`, onclick: () => act("DELETE", `${PATH}?${query}`, "the call is forgotten") }, "Forget");
      parts[8].append(h("div", { class: "buttons left tight" }, retry, forget));
      return Object.assign(h("tr", {}, parts), { parts, retry });
    }, (row, c) => {
      say(row.parts[2], `${STATES[c.state]?.[1] ?? ""} ${c.state}`);
      mark(row.parts[2], "data-status", { dead: "Failed", retrying: "Not ready", running: "Ready" }[c.state]);
      say(row.parts[3], c.tries);
      say(row.parts[4], c.status ?? "–");
      say(row.parts[6], c.queued_at ? `${age(c.queued_at, now)} ago` : "–");
      say(row.parts[7], c.state !== "retrying" ? "–" : c.due > now ? `in ${age(now, c.due)}` : "now");
      row.retry.hidden = !["retrying", "dead"].includes(c.state);
    });
    const finished = found.finished ?? [];
    past.hidden = !finished.length;
    each(ended, finished, (c) => `${c.call_id} ${c.at}`, (c) => {
      const parts = cells(ENDED);
      const good = c.status >= 200 && c.status < 300;
      [c.call_id, plain(c.function), `${good ? "✓" : "✗"} ${c.status}`, c.tries, ""].forEach((text, i) => say(parts[i], text));
      mark(parts[2], "data-status", good ? "Ready" : "Failed");
      return Object.assign(h("tr", {}, parts), { parts });
    }, (row, c) => say(row.parts[4], `${age(c.at, now)} ago`));
  }
  async function look(now) {
    try {
      draw(await api.get(PATH), now);
      say(problem, "");
    } catch (error) {
      if (error.status) say(problem, error.message);
    }
  }
  return {
    root: h("section", {}, h("h1", {}, "Asynchronous calls"),
      h("p", { class: "lead" }, "A call to ", h("code", {}, "/async-function/NAME"), " is answered with 202 at once, kept on disk, and sent to the function later; it is tried again when it fails, and its answer goes to ", h("code", {}, "X-Callback-Url"), "."),
      problem, h("div", { class: "card" }, counts), h("div", { class: "card scroll" }, h("h2", {}, "Calls"), table(TITLES, body), none), past),
    update(picture) {
      if (picture.now - asked < 900) return;
      asked = picture.now;
      look(picture.now);
    },
  };
}
