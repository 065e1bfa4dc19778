// The page as a whole: which part is shown, and the pictures that keep all of it up to date.

import { h, say, mark, toast } from "./dom.js";
import * as api from "./api.js";
import * as keys from "./keys.js";
import { loginPage } from "./login.js";
import { remember } from "./past.js";
import { sideList, overview } from "./list.js";
import { functionPage, TABS } from "./function.js";
import { deployPage } from "./deploy.js";
import { asyncPage } from "./async.js";
import { secretsPage } from "./secrets.js";
import { clusterPage } from "./cluster.js";
import { experimentsPage } from "./experiments.js";
import { runPage } from "./run.js";

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

/** `#/f/NAMESPACE/NAME/TAB`, `#/deploy`, `#/experiments/ID` … */
function read() {
  const [kind, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  if (kind === "f" && rest[1]) {
    return { kind, of: { namespace: rest[0], name: rest[1] }, tab: TABS.includes(rest[2]) ? rest[2] : "invoke" };
  }
  return { kind: ["deploy", "async", "secrets", "cluster", "experiments"].includes(kind) ? kind : "", rest };
}

const same = (a, b) => a?.name === b?.name && a?.namespace === b?.namespace;

function show() {
  if (!api.isUnlocked()) return login();
  const next = read();
  const before = route;
  route = next;
  document.body.dataset.page = next.kind || "home";
  for (const link of top.querySelectorAll("nav a")) {
    const here = link.dataset.kind === next.kind || (link.dataset.kind === "" && ["f", "deploy"].includes(next.kind));
    mark(link, "aria-current", here ? "page" : null);
  }
  if (next.kind === "f" && before?.kind === "f" && same(before.of, next.of) && page?.turn) page.turn(next.tab);
  else {
    page?.leave?.();
    page = make(next);
    main.replaceChildren(page.root);
    // Whoever listens to the page hears of the new one; whoever types goes on typing.
    if (before && !side.contains(document.activeElement)) main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  list.choose(next.of);
  if (!stream || !same(stream.of, next.of)) listen(next.of);
  title();
  if (picture) draw();
}

function make(next) {
  switch (next.kind) {
    case "f": return functionPage(next.of, next.tab);
    case "deploy": return deployPage(next.rest, () => picture);
    case "async": return asyncPage();
    case "secrets": return secretsPage();
    case "cluster": return clusterPage();
    case "experiments": return next.rest[0] ? runPage(next.rest[0], Number(next.rest[1] ?? 0)) : experimentsPage();
    default: return overview();
  }
}

function title() {
  const of = route.of?.name ?? { deploy: "Deploy", async: "Async calls", secrets: "Secrets", cluster: "Cluster", experiments: "Experiments" }[route.kind];
  document.title = of ? `${of} · faasim` : "faasim";
}

function draw() {
  list.update(picture);
  page?.update?.(picture);
}

/** Pictures until another function is looked at; a cluster that went away is asked for again and again. */
function listen(of) {
  stream?.stop.abort();
  const mine = (stream = { of, stop: new AbortController() });
  api.follow(api.picturesOf(of), mine.stop.signal, (next) => {
    connected(true);
    next.now = Date.now();
    remember(next, next.now);
    picture = next;
    draw();
  }, () => connected(false));
}

function connected(well) {
  banner.hidden = well;
  say(banner, well ? "" : "The cluster does not answer. It is asked again until it does; what you see is the last that was known. Is `faasim up` running?");
  const word = document.getElementById("link");
  mark(word, "data-state", well ? "live" : "lost");
  say(word, well ? "● live" : "○ lost");
}

function login() {
  stream?.stop.abort();
  stream = picture = route = null;
  page?.leave?.();
  page = null;
  banner.hidden = true;
  document.body.classList.add("locked");
  document.title = "Log in · faasim";
  const form = loginPage(() => {
    document.body.classList.remove("locked");
    show();
  });
  main.replaceChildren(form.root);
  form.focus();
}

function head() {
  const link = (kind, text) => h("a", { href: `#/${kind}`, "data-kind": kind }, text);
  const themes = ["auto", "light", "dark"];
  const theme = h("button", { class: "small", type: "button", id: "theme" });
  const dress = (name) => {
    document.documentElement.dataset.theme = name;
    theme.replaceChildren(h("span", { "aria-hidden": "true" }, { auto: "◐", light: "☀", dark: "☾" }[name]), h("span", { class: "word" }, ` ${name}`));
    theme.setAttribute("aria-label", `Colours: ${name}`);
    localStorage.setItem("faasim-theme", name);
  };
  theme.addEventListener("click", () => dress(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length]));
  const kept = localStorage.getItem("faasim-theme");
  dress(themes.includes(kept) ? kept : "auto");
  const out = h("button", { class: "small", type: "button", id: "logout" }, "Log out");
  out.addEventListener("click", () => {
    api.lock();
    login();
  });
  top.append(
    h("a", { class: "brand", href: "#/" }, h("img", { src: "icon.svg", alt: "", width: "24", height: "24" }), "faasim"),
    h("nav", { "aria-label": "Pages" }, link("", "Functions"), link("experiments", "Experiments"), link("async", "Async"), link("secrets", "Secrets"), link("cluster", "Cluster")),
    h("span", { id: "link", role: "status" }, "○ waiting"),
    h("button", { class: "small", type: "button", id: "help", onclick: keys.help, "aria-label": "Keys" }, "?"),
    theme, out);
}

api.whenLocked(() => {
  toast("the password has changed: log in again", true);
  login();
});
head();
keys.listen(api.isUnlocked, list, () => route, (hash) => (location.hash = hash));
addEventListener("hashchange", show);
await api.again();
show();
