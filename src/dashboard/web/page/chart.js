// A small chart over time, drawn as SVG. Each line has a name, a colour, and a dash of its own: colour is never
// the only sign.

import { h, s, say } from "./dom.js";
import { clock } from "./words.js";

const W = 560;
const H = 190;
const LEFT = 46;
const RIGHT = 48;
const TOP = 10;
const BOTTOM = 22;

const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 4", "4 4"];

/** A round number at or above `n`: 1, 2, 2.5, 5 times a power of ten. */
function ceiling(n, whole) {
  if (n <= 0) return whole ? 2 : 1;
  const power = 10 ** Math.floor(Math.log10(n));
  const steps = whole && power < 1 ? [1] : [1, 2, 2.5, 4, 5, 8, 10];
  const top = steps.map((f) => f * power).find((x) => x >= n * 0.999 && (!whole || Number.isInteger(x))) ?? 10 * power;
  return whole ? Math.max(2, top) : top;
}

/**
 * `options`: title, unit (what numbers are called), whole (only whole numbers), format, right (a function from
 * a value to the text of a second axis, or null).
 */
export function chart(options) {
  const plot = s("svg", { viewBox: `0 0 ${W} ${H}`, class: "plot", role: "img", "aria-label": options.title });
  const legend = h("ul", { class: "legend" });
  const tip = h("p", { class: "tip", hidden: true });
  const root = h("figure", { class: "chart" },
    h("figcaption", {}, h("b", {}, options.title), h("span", { class: "dim" }, options.unit)),
    h("div", { class: "canvas" }, plot, tip), legend);
  const format = options.format ?? ((n) => String(n));
  let drawn = null;

  plot.addEventListener("pointermove", (event) => {
    if (!drawn) return;
    const box = plot.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * W;
    const at = drawn.from + ((x - LEFT) / (W - LEFT - RIGHT)) * (drawn.to - drawn.from);
    const near = drawn.lines.filter((l) => l.points.length).map((l) => {
      const point = l.points.reduce((a, b) => (Math.abs(b.at - at) < Math.abs(a.at - at) ? b : a));
      return Math.abs(point.at - at) < 3000 ? `${l.name} ${format(point.y)}` : null;
    });
    const text = near.filter(Boolean).slice(0, 8).join(" · ");
    tip.hidden = !text;
    say(tip, `${clock(at)}  ${text}`);
    tip.style.left = `${Math.min(60, (x / W) * 100)}%`;
  });
  plot.addEventListener("pointerleave", () => (tip.hidden = true));

  /** Draws `lines` ({ name, points: [{ at, y }], step, dash, hue }) and `levels` ({ name, y }). */
  function draw(from, to, lines, levels = []) {
    drawn = { from, to, lines };
    const shown = lines.map((l) => ({ ...l, points: l.points.filter((p) => p.at >= from) }));
    const all = shown.flatMap((l) => l.points.map((p) => p.y)).concat(levels.map((l) => l.y));
    const top = ceiling(Math.max(0, ...all), options.whole);
    const x = (at) => LEFT + ((at - from) / (to - from)) * (W - LEFT - RIGHT);
    const y = (v) => TOP + (1 - v / top) * (H - TOP - BOTTOM);
    const parts = [];
    const ticks = options.whole && top <= 4 ? top : 4;
    for (let i = 0; i <= ticks; i++) {
      const v = (top * i) / ticks;
      if (options.whole && !Number.isInteger(v)) continue;
      parts.push(s("line", { class: "grid", x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v) }));
      parts.push(s("text", { class: "tick", x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, format(v)));
      const right = options.right?.(v);
      if (right) parts.push(s("text", { class: "tick", x: W - RIGHT + 6, y: y(v) + 4 }, right));
    }
    const span = (to - from) / 1000;
    for (const share of [0, 0.5, 1]) {
      const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
      const ago = Math.round(span * (1 - share));
      const text = ago === 0 ? "now" : ago >= 120 ? `${Math.round(ago / 60)} min ago` : `${ago} s ago`;
      parts.push(s("text", { class: "tick", x: x(from + share * (to - from)), y: H - 5, "text-anchor": anchor }, text));
    }
    for (const level of levels) {
      parts.push(s("line", { class: "level", x1: LEFT, x2: W - RIGHT, y1: y(level.y), y2: y(level.y) }));
      parts.push(s("text", { class: "levelname", x: LEFT + 4, y: y(level.y) - 4 }, level.name));
    }
    shown.forEach((line, i) => {
      let d = "";
      let last = null;
      for (const p of line.points) {
        // A page that slept, or a cluster that was gone, leaves a gap.
        if (!last || p.at - last.at > 5000) d += `M${x(p.at).toFixed(1)} ${y(p.y).toFixed(1)}`;
        else if (line.step) d += `H${x(p.at).toFixed(1)}V${y(p.y).toFixed(1)}`;
        else d += `L${x(p.at).toFixed(1)} ${y(p.y).toFixed(1)}`;
        last = p;
      }
      const dash = DASHES[(line.dash ?? i) % DASHES.length];
      parts.push(s("path", { class: `line hue${(line.hue ?? i) % 8}`, d, "stroke-dasharray": dash || null }));
    });
    if (!all.length || shown.every((l) => !l.points.length)) {
      parts.push(s("text", { class: "tick", x: W / 2, y: H / 2, "text-anchor": "middle" }, "nothing yet"));
    }
    plot.replaceChildren(...parts);
    legend.replaceChildren(...shown.map((line, i) => {
      const dash = DASHES[(line.dash ?? i) % DASHES.length];
      const swatch = s("svg", { viewBox: "0 0 22 8", class: "swatch", "aria-hidden": "true" },
        s("path", { class: `line hue${(line.hue ?? i) % 8}`, d: "M0 4H22", "stroke-dasharray": dash || null }));
      const now = line.points.at(-1);
      return h("li", {}, swatch, `${line.name} `, h("b", {}, now ? format(now.y) : "–"));
    }));
  }
  return { root, draw };
}
