// What the page asks of the gateway.
//
// The password lives in this module; only when a person wants to stay logged in does it also outlive a reload, in this
// one tab. A function's own page has the same origin as this one, so storage that all tabs share would hand the
// password over; a cookie would go to every port of this machine, and along with what other pages make a browser send.

const STORE = "faasim";
let key = null;
let locked = () => {};

/** What to do when the password is wanted. */
export const whenLocked = (then) => (locked = then);

/** Logs in, or throws why not. */
export async function unlock(password, stay) {
  const bytes = new TextEncoder().encode(`admin:${password}`);
  await attempt("Basic " + btoa(String.fromCharCode(...bytes)));
  if (stay) sessionStorage.setItem(STORE, key);
}

async function attempt(with_) {
  const reply = await fetch("/system/info", options({}, with_));
  if (reply.status === 401) throw new Error("This is not the cluster's password. `faasim password` prints it.");
  if (!reply.ok) throw new Error(await reason(reply));
  key = with_;
}

/** Logs in as before, in a tab in which a person wanted to stay. */
export async function again() {
  const kept = sessionStorage.getItem(STORE);
  if (kept) await attempt(kept).catch(() => {});
}

/** Forgets the password. */
export function lock() {
  key = null;
  sessionStorage.removeItem(STORE);
}

export const isUnlocked = () => key !== null;

// Credentials are left out so that the browser does not show its own question on 401.
const options = (given, auth) => ({
  cache: "no-store",
  credentials: "omit",
  ...given,
  headers: { ...given.headers, ...(auth ? { Authorization: auth } : {}) },
});

async function reason(reply) {
  const text = (await reply.text()).trim();
  return text || `the gateway answered ${reply.status}`;
}

/** Asks `/system`; throws an Error with the refusal in words, and its `status`. */
export async function ask(path, given = {}) {
  const reply = await fetch(path, options(given, key));
  if (reply.status === 401) {
    lock();
    locked();
  }
  if (!reply.ok) {
    const error = new Error(await reason(reply));
    error.status = reply.status;
    throw error;
  }
  return reply;
}

const json = (method, value) => ({
  method,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(value),
});

/** JSON from `/system`. */
export const get = async (path) => (await ask(path)).json();

/** JSON to `/system`, and its reply. */
export const send = (method, path, value) => ask(path, json(method, value));

/** A wish to the cluster; resolves to its notes. */
export const wish = async (command) => (await (await send("POST", "/system/faasim/command", command)).json()).notes;

export const deploy = (spec, update) => send(update ? "PUT" : "POST", "/system/functions", spec);

/** The lines of a reply as they come, until `signal`. */
async function* lines(path, signal) {
  const reply = await ask(path, { signal, headers: { Accept: "text/event-stream, */*" } });
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    yield* parts;
  }
}

/** Server-sent events, which an EventSource could not ask for: it sends no password. */
async function* events(path, signal) {
  for await (const line of lines(path, signal)) if (line.startsWith("data: ")) yield JSON.parse(line.slice(6));
}

const pause = (ms, signal) => new Promise((then) => {
  const timer = setTimeout(then, ms);
  signal.addEventListener("abort", () => (clearTimeout(timer), then()), { once: true });
});

/**
 * Server-sent events until `signal`, for each of which `then` is called. When they break off, `lost` is called, and
 * they are asked for again and again.
 */
export async function follow(path, signal, then, lost = () => {}) {
  let wait = 500;
  while (!signal.aborted && isUnlocked()) {
    try {
      for await (const event of events(path, signal)) {
        if (signal.aborted) return;
        wait = 500;
        then(event);
      }
    } catch (error) {
      if (signal.aborted || error.status === 401) return;
      if (error.status === undefined && !(error instanceof TypeError)) console.error(error);
    }
    if (signal.aborted) return;
    lost();
    await pause(wait, signal);
    wait = Math.min(wait * 2, 4000);
  }
}

/** The cluster's pictures, with the details of one function. */
export const picturesOf = (of) => "/system/faasim/pictures" + (of ? "?" + new URLSearchParams({ function: of.name, namespace: of.namespace }) : "");

/** What a function's pods write, from the last lines on. */
export async function* logs(of, signal) {
  const query = new URLSearchParams({ name: of.name, namespace: of.namespace, follow: "true", tail: "200" });
  for await (const line of lines("/system/logs?" + query, signal)) if (line) yield JSON.parse(line);
}

/** Where a function is called. */
export const urlOf = (f, root = "function") =>
  `${location.origin}/${root}/${f.name}${f.namespace === "openfaas-fn" ? "" : `.${f.namespace}`}`;

/** Calls a function as any client would: with no password. */
export const call = (url, given) => fetch(url, options(given, null));
