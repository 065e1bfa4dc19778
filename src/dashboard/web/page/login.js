// The way in: the page asks for the password itself, so that the browser keeps none to send along by itself.

import { h, say } from "./dom.js";
import * as api from "./api.js";

/** The form; `entered` is called when the password was right. */
export function loginPage(entered) {
  const password = h("input", { type: "password", id: "password", name: "password", autocomplete: "current-password", required: true });
  const stay = h("input", { type: "checkbox", id: "stay" });
  const problem = h("p", { class: "problem", role: "alert" });
  const form = h("form", { class: "login card" },
    h("img", { src: "icon.svg", alt: "", width: "44", height: "44" }),
    h("h1", {}, "Log in to this cluster"),
    h("p", { class: "dim" }, "This page can deploy and run code on your machine, so it asks for the cluster's password. In a terminal, this prints it:"),
    h("p", {}, h("code", { class: "command" }, "faasim password")),
    h("input", { type: "text", name: "username", value: "admin", autocomplete: "username", hidden: true }),
    h("div", { class: "field" }, h("label", { for: "password" }, "Password"), password),
    h("div", { class: "field" }, h("label", { class: "radio" }, stay, "Stay logged in when I reload this tab"),
      h("small", { id: "stay-hint" }, "Until the tab is closed. A page of one of your functions, opened in this same tab, could then read the password.")),
    problem,
    h("button", { class: "primary", id: "login" }, "Log in"));
  stay.setAttribute("aria-describedby", "stay-hint");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(problem, "");
    try {
      await api.unlock(password.value.trim(), stay.checked);
      entered();
    } catch (error) {
      say(problem, error instanceof TypeError ? "The cluster does not answer: is `faasim up` running?" : error.message);
      password.select();
    }
  });
  return { root: form, focus: () => password.focus() };
}
