// Calls a function as any client would, and shows what came back.

import { h, say, field, mark, copy } from "./dom.js";
import * as api from "./api.js";
import { bytes } from "./words.js";

const SHOWN = 200_000;
const TYPES = { Text: "text/plain", JSON: "application/json", Download: "binary/octet-stream" };

export function invokeTab(of) {
  const kinds = ["Text", "JSON", "Download"].map((name, i) => h("label", { class: "radio" },
    h("input", { type: "radio", name: "kind", value: name, checked: i === 0 }), name));
  const method = h("select", { id: "method" }, ["POST", "GET", "PUT", "DELETE"].map((m) => h("option", {}, m)));
  const body = h("textarea", { id: "request", rows: 5, spellcheck: false, placeholder: "What is sent to the function" });
  const button = h("button", { class: "primary", id: "invoke" }, "Invoke");
  const later = h("button", { type: "button", id: "invoke-async", title: "It is queued, and answered with 202 at once" }, "Invoke asynchronously");
  const status = h("dd", { id: "status" }, "–");
  const took = h("dd", { id: "took" }, "–");
  const note = h("p", { class: "dim", id: "note" });
  const reply = h("pre", { id: "reply", tabindex: 0, "aria-label": "Response body" });
  const headers = h("pre", { class: "headers" });
  const form = h("form", { class: "card" }, h("h2", {}, "Request"),
    h("fieldset", { class: "row" }, h("legend", {}, "Reply as"), kinds, h("label", { class: "radio" }, "Method ", method)),
    field("Request body", body, "Ctrl+Enter sends it"), h("div", { class: "buttons left" }, button, later, copy(command, "this request as a curl command", "Copy as curl")));
  const answer = h("div", { class: "card", "aria-live": "polite" }, h("h2", {}, "Response"),
    h("dl", { class: "facts two" }, h("div", {}, h("dt", {}, "Response status"), status), h("div", {}, h("dt", {}, "Round-trip (s)"), took)),
    note, h("h3", {}, "Response body"), reply, h("details", {}, h("summary", {}, "Response headers"), headers));

  /** The same in a terminal. */
  function command() {
    const kind = form.elements.kind.value;
    const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
    const parts = ["curl", kind === "Download" ? "-OJ" : "-i"];
    if (method.value === "GET") parts.push("-G");
    else parts.push("-X", method.value, "-H", quoted(`Content-Type: ${TYPES[kind]}`), "--data-binary", quoted(body.value));
    return [...parts.filter((p) => p !== "-G"), api.urlOf(of)].join(" ");
  }
  let ending = null;

  async function send(root) {
    const kind = form.elements.kind.value;
    const given = { method: method.value, headers: { "Content-Type": TYPES[kind] } };
    if (method.value !== "GET") given.body = body.value;
    button.disabled = true;
    say(button, "Waiting …");
    const begun = performance.now();
    try {
      const got = await api.call(api.urlOf(of, root), given);
      const blob = await got.blob();
      say(took, ((performance.now() - begun) / 1000).toFixed(3));
      say(status, `${got.ok ? "✓" : "✗"} ${got.status} ${got.statusText}`.trim());
      mark(status, "data-status", got.ok ? "Ready" : "Failed");
      const cold = got.headers.get("x-faasim-cold-start");
      const how = got.status === 202 && root !== "function" ? "It is queued, and sent to the function later: see Async. "
        : cold && cold !== "false" ? `A cold start: it waited ${Number(cold) ? `${Number(cold).toFixed(2)} s ` : ""}for a pod. ` : "";
      say(headers, [...got.headers].map(([k, v]) => `${k}: ${v}`).join("\n"));
      if (kind === "Download") {
        download(blob, got.headers.get("content-type"));
        say(reply, "");
        say(note, `${how}${bytes(blob.size)} are saved as a file.`);
        return;
      }
      let text = await blob.slice(0, SHOWN).text();
      if (kind === "JSON") {
        try {
          text = JSON.stringify(JSON.parse(text), null, 2);
        } catch {
          say(note, `${how}This is not JSON; shown as it came.`);
          return say(reply, text);
        }
      }
      say(reply, text);
      say(note, how + (blob.size > SHOWN ? `The first ${bytes(SHOWN)} of ${bytes(blob.size)}; Download has all.` : ""));
    } catch (error) {
      say(status, "✗ no answer");
      mark(status, "data-status", "Failed");
      say(took, ((performance.now() - begun) / 1000).toFixed(3));
      say(note, `The gateway did not answer: ${error.message}.`);
      say(reply, "");
    } finally {
      button.disabled = false;
      say(button, "Invoke");
    }
  }
  function download(blob, type) {
    const link = h("a", { href: URL.createObjectURL(blob), download: of.name + (ending ?? (type?.includes("json") ? ".json" : type?.startsWith("text/") ? ".txt" : ".bin")) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send("function");
  });
  later.addEventListener("click", () => send("async-function"));
  body.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send("function");
  });
  return {
    root: h("div", { class: "pair" }, form, answer),
    update(_picture, _f, detail) {
      const wanted = detail?.labels["com.openfaas.ui.ext"];
      ending = wanted ? `.${wanted.replace(/^\./, "")}` : null;
    },
  };
}
