// Numbers and times as a person reads them.

/** `1,234`. */
export const count = (n) => Math.round(n).toLocaleString("en");

/** `0`, `0.4`, `12`, `1,234`. */
export const short = (n) => (n === 0 ? "0" : n < 10 ? String(Math.round(n * 10) / 10) : count(n));

/** Milliseconds: `0.8 ms`, `35 ms`, `1.2 s`. */
export function ms(n) {
  if (n >= 1000) return `${Math.round(n / 100) / 10} s`;
  return `${n < 10 ? Math.round(n * 10) / 10 : Math.round(n)} ms`;
}

/** Bytes: `17 B`, `23 MiB`. */
export function bytes(n) {
  if (n >= 1 << 30) return `${(n / (1 << 30)).toFixed(1)} GiB`;
  if (n >= 1 << 20) return `${Math.round(n / (1 << 20))} MiB`;
  return n >= 1024 ? `${Math.round(n / 1024)} KiB` : `${n} B`;
}

/** How long ago, as kubectl says it: `5s`, `3m10s`, `2h`. */
export function age(from, now) {
  const s = Math.max(0, Math.round((now - from) / 1000));
  if (s < 120) return `${s}s`;
  if (s < 600) return `${Math.floor(s / 60)}m${s % 60 ? `${s % 60}s` : ""}`;
  if (s < 7200) return `${Math.floor(s / 60)}m`;
  if (s < 172800) return `${Math.floor(s / 3600)}h`;
  return `${Math.floor(s / 86400)}d`;
}

/** Seconds as a length: `45 s`, `7 min 30 s`, `24 h`. */
export function elapsed(seconds) {
  const s = Math.round(seconds);
  const two = (n, big, rest, small) => (rest ? `${n} ${big} ${rest} ${small}` : `${n} ${big}`);
  if (s < 120) return `${s} s`;
  if (s < 7200) return two(Math.floor(s / 60), "min", s % 60, "s");
  return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
}

/** The time of day. */
export const clock = (at) => new Date(at).toLocaleTimeString("en-GB");

/** `1 pod`, `2 pods`. */
export const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

/** Percent of the request. */
export const share = (milli, request) => (request ? `${count((milli * 100) / request)} %` : "no request");
