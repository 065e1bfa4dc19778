// The page as a whole: the way in, which part is shown, and the pictures that keep all of it up to date.

import { h, say, mark, toast } from "./dom.js";
import * as api from "./api.js";
import { remember } from "./past.js";
import { sideList, overview } from "./list.js";
import { functionPage, TABS } from "./function.js";
import { deployPage } from "./deploy.js";
import { asyncPage, secretsPage, clusterPage } from "./more.js";

const main = document.getElementById("main");
const side = document.getElementById("side");
const banner = document.getElementById("banner");
const top = document.getElementById("top");

let picture = null;
let page = null;
let route = null;
let stream = null;
const list = sideList();
side.append(list.root);

/** `#/f/NAMESPACE/NAME/TAB`, `#/deploy`, `#/async` … */
function read() {
  const parts = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (parts[0] === "f" && parts[2]) {
    return { kind: "f", of: { namespace: parts[1], name: parts[2] }, tab: TABS.includes(parts[3]) ? parts[3] : "invoke" };
  }
  return { kind: ["deploy", "async", "secrets", "cluster"].includes(parts[0]) ? parts[0] : "", rest: parts.slice(1) };
}

const same = (a, b) => a?.name === b?.name && a?.namespace === b?.namespace;

function show() {
  const next = read();
  const before = route;
  route = next;
  document.body.dataset.page = next.kind || "home";
  for (const link of top.querySelectorAll("nav a")) {
    const here = link.dataset.kind === next.kind || (link.dataset.kind === "" && next.kind === "f");
    mark(link, "aria-current", here ? "page" : null);
  }
  if (!api.isUnlocked()) return login();
  if (next.kind === "f" && before?.kind === "f" && same(before.of, next.of) && page?.turn) page.turn(next.tab);
  else {
    page?.leave?.();
    page = make(next);
    main.replaceChildren(page.root);
  }
  list.choose(next.of);
  if (!stream || !same(stream.of, next.of)) listen(next.of);
  if (picture) draw();
}

function make(next) {
  switch (next.kind) {
    case "f": return functionPage(next.of, next.tab);
    case "deploy": return deployPage(next.rest, () => picture);
    case "async": return asyncPage();
    case "secrets": return secretsPage();
    case "cluster": return clusterPage();
    default: return overview();
  }
}

function draw() {
  list.update(picture);
  page?.update?.(picture);
  const of = route.of ? `${route.of.name} · ` : "";
  if (document.title !== `${of}faasim`) document.title = `${of}faasim`;
}

/** Pictures until another function is looked at; a cluster that went away is asked for again and again. */
async function listen(of) {
  stream?.stop.abort();
  const mine = (stream = { of, stop: new AbortController() });
  let wait = 500;
  while (stream === mine && api.isUnlocked()) {
    try {
      for await (const next of api.pictures(of, mine.stop.signal)) {
        if (stream !== mine) return;
        wait = 500;
        alert(null);
        next.now = Date.now();
        remember(next, next.now);
        picture = next;
        draw();
      }
    } catch (error) {
      if (stream !== mine || error.status === 401) return;
    }
    if (stream !== mine) return;
    alert("The cluster does not answer. It is asked again until it does; what you see is the last that was known.");
    await new Promise((then) => setTimeout(then, wait));
    wait = Math.min(wait * 2, 4000);
  }
}

function alert(text) {
  banner.hidden = !text;
  say(banner, text ?? "");
  mark(document.getElementById("link"), "data-state", text ? "lost" : "live");
  const word = document.getElementById("link");
  if (word) say(word, text ? "○ lost" : "● live");
}

function login() {
  stream?.stop.abort();
  stream = null;
  picture = null;
  page?.leave?.();
  page = null;
  banner.hidden = true;
  document.body.classList.add("locked");
  const password = h("input", { type: "password", id: "password", name: "password", autocomplete: "current-password", required: true, autofocus: true });
  const problem = h("p", { class: "problem", role: "alert" });
  const form = h("form", { class: "login card" },
    h("h1", {}, "faasim"),
    h("p", {}, "This page can deploy and run code, so it asks for the cluster's password. ", h("code", {}, "faasim password"), " prints it."),
    h("input", { type: "text", name: "username", value: "admin", autocomplete: "username", hidden: true }),
    h("div", { class: "field" }, h("label", { for: "password" }, "Password"), password),
    problem,
    h("button", { class: "primary" }, "Log in"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await enter(password.value.trim(), (why) => say(problem, why));
  });
  main.replaceChildren(form);
  password.focus();
}

async function enter(password, complain) {
  try {
    await api.unlock(password);
    document.body.classList.remove("locked");
    route = null;
    show();
  } catch (error) {
    complain(error instanceof TypeError ? "the cluster does not answer: is `faasim up` running?" : error.message);
  }
}

function head() {
  const link = (kind, text) => h("a", { href: `#/${kind}`, "data-kind": kind }, text);
  const themes = ["auto", "light", "dark"];
  const theme = h("button", { class: "small", type: "button", id: "theme" });
  const dress = (name) => {
    document.documentElement.dataset.theme = name;
    theme.textContent = { auto: "◐ Auto", light: "☀ Light", dark: "☾ Dark" }[name];
    theme.setAttribute("aria-label", `Colours: ${name}`);
  };
  theme.addEventListener("click", () => {
    dress(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length]);
  });
  dress("auto");
  const out = h("button", { class: "small", type: "button", id: "logout" }, "Log out");
  out.addEventListener("click", () => {
    api.lock();
    login();
  });
  top.append(
    h("a", { class: "brand", href: "#/" }, h("img", { src: "icon.svg", alt: "", width: "22", height: "22" }), "faasim"),
    h("nav", { "aria-label": "Pages" }, link("", "Functions"), link("deploy", "Deploy"), link("async", "Async"), link("secrets", "Secrets"), link("cluster", "Cluster")),
    h("span", { id: "link", role: "status" }, "○ waiting"),
    h("button", { class: "small", type: "button", onclick: help, "aria-label": "Keys" }, "?"),
    theme, out);
}

const KEYS = [
  ["/", "search functions"],
  ["j  k", "next, previous function"],
  ["1 … 6", "Invoke, Live, Pods, Logs, Why, Scale"],
  ["h", "all functions"],
  ["n", "deploy a function"],
  ["?", "this list"],
  ["Tab, Enter, Esc", "as everywhere"],
];

function help() {
  const box = h("dialog", { class: "dialog", "aria-label": "Keys" },
    h("form", { method: "dialog" }, h("h2", {}, "Keys"),
      h("dl", { class: "keys" }, KEYS.map(([key, what]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)])),
      h("div", { class: "buttons" }, h("button", { autofocus: true }, "Close"))));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

document.addEventListener("keydown", (event) => {
  if (!api.isUnlocked() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const at = (of, tab) => (location.hash = `#/f/${encodeURIComponent(of.namespace)}/${encodeURIComponent(of.name)}/${tab}`);
  switch (event.key) {
    case "/": list.search(); break;
    case "?": help(); break;
    case "h": location.hash = "#/"; break;
    case "n": location.hash = "#/deploy"; break;
    case "j":
    case "k": {
      const next = list.beside(route?.of, event.key === "j" ? 1 : -1);
      if (next) at(next, route?.tab ?? "invoke");
      break;
    }
    default: {
      const tab = TABS[Number(event.key) - 1];
      if (!tab || !route?.of) return;
      at(route.of, tab);
    }
  }
  event.preventDefault();
});

api.whenLocked(() => {
  toast("the password has changed: log in again", true);
  login();
});
head();
addEventListener("hashchange", show);

// `#password=…` comes from a link that `faasim portal` prints. What follows `#` is not sent to anybody, and it
// does not stay in the address or the history.
const given = /^#password=(.+)$/.exec(location.hash);
if (given) {
  history.replaceState(null, "", location.pathname + "#/");
  await enter(decodeURIComponent(given[1]), (why) => toast(why, true));
}
show();
