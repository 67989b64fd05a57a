// The small words the other scripts are written in.

const words = JSON.parse(document.getElementById("gx-words")?.textContent ?? "{}");

/** The sentence in the reader's language, its %(name)s filled in. Listed in core/web/words.py. */
export function t(text, values = {}) {
  return (words[text] ?? text).replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
}

/** An element: attributes by name, `on...` listeners, `hidden`/`disabled`/`checked` as booleans, children appended. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

/** An icon as SVG from its children (`import plus from "icon:plus"`). */
export function svg(children, size = 18) {
  const holder = document.createElement("template");
  holder.innerHTML = `<svg class="gx-icon" width="${size}" height="${size}" viewBox="0 0 24 24" aria-hidden="true">${children}</svg>`;
  return holder.content.firstChild;
}

/** Listen on the whole document for `type` on anything that matches `selector`. */
export function on(type, selector, listener, options) {
  document.addEventListener(
    type,
    (event) => {
      const found = event.target instanceof Element ? event.target.closest(selector) : null;
      if (found) listener(event, found);
    },
    options,
  );
}

export const isPhone = () => matchMedia("(max-width: 640px)").matches;

/** Whether a key belongs to a control and is not ours to take. */
export function isTyping(target) {
  return target instanceof Element && Boolean(target.closest("input, textarea, select, [contenteditable='true']"));
}

let serial = 0;
export const freshId = (prefix) => `${prefix}-${(serial += 1)}`;

/** What the browser keeps for itself; storage may be full or forbidden. */
export const store = {
  get(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem(key);
      else localStorage.setItem(key, value);
      return true;
    } catch {
      return false;
    }
  },
  keys(prefix) {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    } catch {
      return [];
    }
  },
};

/** Place a floating box below its anchor (above where there is no room), within the window. */
export function place(box, anchor, { align = "start", match = false } = {}) {
  const at = anchor.getBoundingClientRect();
  if (match) box.style.width = `${Math.max(at.width, 220)}px`;
  const { width, height } = box.getBoundingClientRect();
  const room = { x: document.documentElement.clientWidth, y: window.innerHeight };
  const left = align === "end" ? at.right - width : at.left;
  const below = at.bottom + 5;
  const top = below + height > room.y - 8 && at.top - height - 5 > 8 ? at.top - height - 5 : below;
  box.style.left = `${Math.max(8, Math.min(left, room.x - width - 8))}px`;
  box.style.top = `${top}px`;
}
