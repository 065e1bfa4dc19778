// A small chart over time, drawn as SVG. Each line has a name, a colour and a dash of its own, and its latest value
// in words: colour is never the only sign.

import { h, s, say, mark } from "./dom.js";
import { clock, elapsed } from "./words.js";

const H = 190;
const TOP = 12;
const BOTTOM = 22;
const SHORTEST = 30_000;

const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 4", "4 4"];

/** A round number at or above `n`: 1, 2, 2.5, 5 times a power of ten. */
function ceiling(n, whole) {
  if (n <= 0) return whole ? 2 : 1;
  const power = 10 ** Math.floor(Math.log10(n));
  const steps = whole && power < 1 ? [1] : [1, 2, 2.5, 4, 5, 6, 8, 10];
  const top = steps.map((f) => f * power).find((x) => x >= n * 0.999 && (!whole || Number.isInteger(x))) ?? 10 * power;
  return whole ? Math.max(2, top) : top;
}

/** Where the grid's lines are: whole numbers where only they mean something. */
function ticks(top, whole) {
  const round = (x) => (whole ? Number.isInteger(x) : Number(x.toPrecision(1)) === Number(x.toPrecision(6)));
  const parts = [4, 5, 3, 2].find((n) => round(top / n)) ?? (whole ? 1 : 4);
  return Array.from({ length: parts + 1 }, (_, i) => (top * i) / parts);
}

/** A sign for a line: a piece of it. */
const swatch = (look) => s("svg", { viewBox: "0 0 22 8", class: "swatch", "aria-hidden": "true" }, s("path", { ...look, d: "M0 4H22" }));

/**
 * `options`: title, unit (what numbers are called), whole (only whole numbers), format, right (from a value to
 * the text of a second axis, or null), virtual (milliseconds since a start instead of times of day), note.
 */
export function chart(options) {
  const plot = s("svg", { class: "plot", role: "img", height: H });
  const legend = h("ul", { class: "legend" });
  const tip = h("p", { class: "tip", hidden: true });
  const canvas = h("div", { class: "canvas" }, plot, tip);
  const root = h("figure", { class: "chart" },
    h("figcaption", {}, h("b", {}, options.title), h("span", { class: "dim" }, options.unit)), legend, canvas,
    options.note ? h("p", { class: "dim note" }, options.note) : null);
  const format = options.format ?? ((n) => String(n));
  let drawn = null;
  let width = 0;

  new ResizeObserver(([entry]) => {
    const now = Math.round(entry.contentRect.width);
    if (now === width || !now) return;
    width = now;
    if (drawn) draw(...drawn.given);
  }).observe(canvas);

  plot.addEventListener("pointermove", (event) => {
    if (!drawn?.at) return;
    const x = event.clientX - plot.getBoundingClientRect().left;
    const at = drawn.at(x);
    const near = drawn.lines.filter((l) => l.points.length).map((l) => {
      const point = l.points.reduce((a, b) => (Math.abs(b.at - at) < Math.abs(a.at - at) ? b : a));
      return Math.abs(point.at - at) < drawn.reach && point.y !== null ? `${l.name} ${format(point.y)}` : null;
    });
    const text = near.filter(Boolean).slice(0, 8).join(" · ");
    tip.hidden = !text;
    say(tip, `${options.virtual ? elapsed(at / 1000) : clock(at)}  ${text}`);
    tip.style.left = `${Math.max(0, Math.min(x + 12, width - tip.offsetWidth))}px`;
  });
  plot.addEventListener("pointerleave", () => (tip.hidden = true));

  /** Draws `lines` ({ name, points: [{ at, y }], step, dash, hue, now }) and `levels` ({ name, y }). */
  function draw(from, to, lines, levels = []) {
    const given = [from, to, lines, levels];
    drawn = { given, lines };
    const looks = lines.map((line, i) => ({ class: `line hue${(line.hue ?? i) % 8}`, "stroke-dasharray": DASHES[(line.dash ?? i) % DASHES.length] || null }));
    say(legend, "");
    legend.replaceChildren(...lines.map((line, i) => {
      const now = line.points.at(-1);
      return h("li", {}, swatch(looks[i]), ` ${line.name} `, h("b", {}, now && now.y !== null ? format(now.y) : "–"), line.more ? h("span", { class: "dim" }, ` ${line.more(now?.y ?? 0)}`) : null);
    }));
    mark(plot, "aria-label", `${options.title}, ${options.unit}. Now: ${lines.map((l) => `${l.name} ${l.points.at(-1)?.y != null ? format(l.points.at(-1).y) : "nothing"}`).join(", ")}`);
    if (!width) return;

    const first = Math.min(...lines.map((l) => l.points[0]?.at ?? to));
    // What was not yet seen needs no room.
    if (!options.virtual) from = Math.max(from, Math.min(first, to - SHORTEST));
    const shown = lines.map((l) => ({ ...l, points: l.points.filter((p) => p.at >= from) }));
    const all = shown.flatMap((l) => l.points.map((p) => p.y ?? 0)).concat(levels.map((l) => l.y));
    const top = ceiling(Math.max(0, ...all), options.whole);
    const grid = ticks(top, options.whole);
    const long = (texts) => Math.max(0, ...texts.map((t) => String(t ?? "").length)) * 8.6;
    const left = long(grid.map(format)) + 8;
    const side = options.right ? long(grid.map((v) => options.right(v))) : 0;
    const right = width - (side ? side + 10 : 8);
    const x = (at) => left + ((at - from) / (to - from)) * (right - left);
    const y = (v) => TOP + (1 - v / top) * (H - TOP - BOTTOM);
    drawn.at = (px) => from + ((px - left) / (right - left)) * (to - from);
    drawn.reach = Math.max((to - from) / 40, 1500);

    const parts = [];
    for (const v of grid) {
      parts.push(s("line", { class: "grid", x1: left, x2: right, y1: y(v), y2: y(v) }));
      parts.push(s("text", { class: "tick", x: left - 6, y: y(v) + 4, "text-anchor": "end" }, format(v)));
      if (side) parts.push(s("text", { class: "tick", x: right + 6, y: y(v) + 4 }, options.right(v) ?? ""));
    }
    for (const share of width < 300 ? [0, 1] : [0, 0.5, 1]) {
      const at = from + share * (to - from);
      const ago = Math.round((to - at) / 1000);
      const text = options.virtual ? elapsed(at / 1000) : ago === 0 ? "now" : `${elapsed(ago)} ago`;
      parts.push(s("text", { class: "tick", x: x(at), y: H - 5, "text-anchor": share === 0 ? "start" : share === 1 ? "end" : "middle" }, text));
    }
    let above = Infinity;
    for (const level of [...levels].sort((a, b) => a.y - b.y)) {
      parts.push(s("line", { class: "level", x1: left, x2: right, y1: y(level.y), y2: y(level.y) }));
      // Names of levels that are close stand one above the other.
      above = Math.min(above - 13, y(level.y) - 4);
      parts.push(s("text", { class: "levelname", x: left + 4, y: above }, level.name));
    }
    const gap = options.virtual ? Infinity : 5000;
    shown.forEach((line, i) => {
      let d = "";
      let last = null;
      for (const p of line.points) {
        const to = `${x(p.at).toFixed(1)} ${p.y === null ? "" : y(p.y).toFixed(1)}`;
        if (p.y === null) last = null;
        // A page that slept, or a cluster that was gone, leaves a gap.
        else if (!last || p.at - last.at > gap) d += `M${to}h.1`;
        else if (line.step) d += `H${x(p.at).toFixed(1)}V${y(p.y).toFixed(1)}`;
        else d += `L${to}`;
        if (p.y !== null) last = p;
      }
      parts.push(s("path", { ...looks[i], d }));
    });
    if (shown.every((l) => !l.points.length)) {
      parts.push(s("text", { class: "tick", x: (left + right) / 2, y: H / 2, "text-anchor": "middle" }, "nothing yet"));
    }
    mark(plot, "viewBox", `0 0 ${width} ${H}`);
    plot.replaceChildren(...parts);
  }
  return { root, draw };
}
