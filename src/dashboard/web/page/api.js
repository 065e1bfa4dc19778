// What the page asks of the gateway.
//
// The password lives in this module and nowhere else. A function's own page has the same origin as this one, so
// storage that outlives the page would hand it over; a cookie would go to every port of this machine.

let key = null;
let locked = () => {};

/** What to do when the password is wanted. */
export const whenLocked = (then) => (locked = then);

/** Logs in, or throws why not. */
export async function unlock(password) {
  const bytes = new TextEncoder().encode(`admin:${password}`);
  const attempt = "Basic " + btoa(String.fromCharCode(...bytes));
  const reply = await fetch("/system/info", options({}, attempt));
  if (reply.status === 401) throw new Error("this is not the cluster's password: `faasim password` prints it");
  if (!reply.ok) throw new Error(await reason(reply));
  key = attempt;
}

/** Forgets the password. */
export function lock() {
  key = null;
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

/** A wish to the cluster; resolves to its notes. */
export const wish = async (command) => (await (await ask("/system/faasim/command", json("POST", command))).json()).notes;

export const deploy = (spec, update) => ask("/system/functions", json(update ? "PUT" : "POST", spec));

/** The lines of a reply as they come, until `signal`. */
async function* lines(path, signal) {
  const reply = await ask(path, { signal });
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

/** The cluster's pictures, with the details of one function: server-sent events that carry a password. */
export async function* pictures(of, signal) {
  const query = of ? "?" + new URLSearchParams({ function: of.name, namespace: of.namespace }) : "";
  for await (const line of lines("/system/faasim/pictures" + query, signal)) {
    if (line.startsWith("data: ")) yield JSON.parse(line.slice(6));
  }
}

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
