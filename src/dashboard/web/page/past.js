// What the page has seen: a point a second for each function, and for its newest pods.

const KEPT = 15 * 60;

const functions = new Map();
const pods = new Map();
export const key = (f) => `${f.namespace}/${f.name}`;

function push(map, name, point) {
  let list = map.get(name);
  if (!list) map.set(name, (list = []));
  const last = list.at(-1);
  if (last && point.at <= last.at) return;
  list.push(point);
  if (list.length > KEPT) list.shift();
}

/** Takes a picture in. `now` is the page's clock: a snapshot is only as new as the last thing that happened. */
export function remember(picture, now) {
  for (const f of picture.functions) {
    const { replicas, ready, rate, errors, p50, p95, p99, inFlight, waiting, cpu } = f;
    push(functions, key(f), { at: now, replicas, ready, rate, errors, p50, p95, p99, inFlight, waiting, cpu });
    for (const [name, cpu] of f.podsCpu) push(pods, `${key(f)}/${name}`, { at: now, cpu });
  }
  for (const [name, list] of pods) if (now - list.at(-1).at > KEPT * 1000) pods.delete(name);
}

/** The points of a function. */
export const of = (f) => functions.get(key(f)) ?? [];

/** The points of its pods: name and points, oldest first, without those that ended before `from`. */
export function podsOf(f, from) {
  const own = `${key(f)}/`;
  const found = [...pods].filter(([name, list]) => name.startsWith(own) && list.at(-1).at >= from);
  return found.map(([name, list]) => ({ name: name.slice(own.length), points: list }));
}
