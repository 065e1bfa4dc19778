// Making and changing elements. Text is only ever set as text: what a function says can never become markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, given, children) {
  for (const [key, value] of Object.entries(given ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked" || key === "disabled" || key === "hidden") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

/** An HTML element: `h("a", { href: "#/", class: "x" }, "text", child)`. */
export const h = (tag, given, ...children) => fill(document.createElement(tag), given, children);

/** An SVG element. */
export const s = (tag, given, ...children) => fill(document.createElementNS(SVG, tag), given, children);

/** Sets text only where it changed, so that a person's selection stays. */
export function say(element, text) {
  text = String(text);
  if (element.textContent !== text) element.textContent = text;
}

/** Sets or takes an attribute only where it changed. */
export function mark(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/**
 * Keeps the children of `parent` in step with `items`: one element per key, made once, moved only when the order
 * changes, and told of the news. So focus, scrolling and selections survive a picture a second.
 */
export function each(parent, items, key, make, update) {
  const known = (parent.known ??= new Map());
  const wanted = new Set();
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  let before = null;
  for (const item of items) {
    const name = key(item);
    wanted.add(name);
    let row = known.get(name);
    if (!row) known.set(name, (row = make(item)));
    update(row, item);
    const place = before ? before.nextSibling : parent.firstChild;
    if (place !== row) parent.insertBefore(row, place);
    before = row;
  }
  for (const [name, row] of known) {
    if (!wanted.has(name)) {
      row.remove();
      known.delete(name);
    }
  }
  // An element that is moved loses the focus.
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

/** A table whose cells know their column's name: on a narrow screen each row becomes a list of them. */
export const table = (titles, body) => h("table", { class: "stack" },
  h("thead", {}, h("tr", {}, titles.map((t) => h("th", { scope: "col" }, t)))), body);

/** The cells of one row of a `table`. */
export const cells = (titles) => titles.map((name, i) => h(i ? "td" : "th", { "data-name": name, scope: i ? null : "row" }));

/** A short message in the corner; bad news stay longer. */
export function toast(text, bad = false) {
  const note = h("p", { class: bad ? "toast bad" : "toast" }, (bad ? "✗ " : "✓ ") + text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), bad ? 12000 : 5000);
}

/** Asks before something that cannot be undone. Resolves to whether the person said yes. */
export function confirm(question, explanation, yes) {
  return new Promise((resolve) => {
    const box = h("dialog", { class: "dialog", "aria-label": question },
      h("form", { method: "dialog" },
        h("h2", {}, question),
        h("p", {}, explanation),
        h("div", { class: "buttons" },
          h("button", { value: "no", autofocus: true }, "Cancel"),
          h("button", { value: "yes", class: "danger" }, yes))));
    const before = document.activeElement;
    box.addEventListener("close", () => {
      box.remove();
      before?.focus?.();
      resolve(box.returnValue === "yes");
    });
    document.body.append(box);
    box.showModal();
  });
}

/** A labelled field. */
let fields = 0;
export function field(label, input, hint) {
  input.id ||= `field-${++fields}`;
  const note = hint ? h("small", { id: `${input.id}-hint` }, hint) : null;
  if (note) input.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: input.id }, label), input, note);
}

/** A button that copies a text. */
export function copy(text, what, name = "Copy") {
  const button = h("button", { class: "small", type: "button", "aria-label": `Copy ${what}` }, name);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => (button.textContent = name), 1500);
  });
  return button;
}
