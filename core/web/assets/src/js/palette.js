// The command palette: records while somebody types, those opened last before; menu entries, what can be created.

import forward from "icon:arrow-right";
import search from "icon:search";
import x from "icon:x";
import { freshId, h, on, store, svg, t } from "./dom.js";
import { showDialog } from "./dialogs.js";
import { getJson, withQuery } from "./net.js";

// Which records this person opened last: addresses only, the server says what they are called.
const RECENT = "gx-recent";
const KEPT = 8;
const recent = () => (store.get(RECENT) ?? "").split(",").filter(Boolean);

if (/^\/[a-z][a-z0-9_]*\/[a-z][a-z0-9_-]*\/[1-9]\d*$/.test(location.pathname) && document.querySelector(".gx-record"))
  store.set(RECENT, [location.pathname, ...recent().filter((address) => address !== location.pathname)].slice(0, KEPT).join(","));

on("click", "[data-sign-out]", () => store.set(RECENT, null));

let icons = null;
async function iconOf(name) {
  const source = document.querySelector('meta[name="gx-icons"]')?.content;
  if (!source) return null;
  icons ??= fetch(source).then((answer) => answer.json()).catch(() => ({}));
  return (await icons)[name] ?? null;
}

/** What the page itself offers: the side menu, the "+" menu, settings. */
function commands() {
  const groups = [];
  for (const nav of document.querySelectorAll("[data-palette-source]")) {
    const items = [...nav.querySelectorAll("a")].map((link) => ({ title: link.textContent.trim(), url: link.href, picture: link.querySelector("svg") }));
    groups.push({ title: nav.dataset.paletteSource, items });
  }
  const create = [...document.querySelectorAll("#gx-create a")].map((link) => ({ title: link.textContent.trim(), url: link.href, picture: link.querySelector("svg") }));
  if (create.length) groups.splice(1, 0, { title: t("Create"), items: create });
  return groups;
}

/** A title with the parts that match set off; `marks` counts characters, not halves of them. */
function marked(title, marks = []) {
  const letters = [...title];
  const parts = [];
  let at = 0;
  for (const [from, to] of marks) {
    parts.push(letters.slice(at, from).join(""), h("mark", {}, letters.slice(from, to).join("")));
    at = to;
  }
  return h("span", {}, ...parts, letters.slice(at).join(""));
}

class Palette {
  constructor() {
    this.local = commands();
    this.found = [];
    this.late = [];
    this.asked = null;
    this.active = 0;
    this.list = h("div", { class: "gx-palette-list", role: "listbox", id: freshId("palette"), "aria-label": t("Results") });
    this.input = h("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": this.list.id, "aria-autocomplete": "list", "aria-label": t("Search or jump to…"), placeholder: t("Search or jump to…"), autocomplete: "off", spellcheck: "false" });
    const head = h("form", { class: "gx-palette-input", "data-careless": true }, svg(search, 20), this.input,
      h("button", { type: "button", class: "gx-iconbtn gx-only-phone", "data-close": true, "aria-label": t("Close") }, svg(x)));
    this.note = h("div", { class: "gx-palette-note", role: "status" });
    const foot = h("div", { class: "gx-palette-foot", "aria-hidden": "true" },
      h("span", {}, h("kbd", {}, "↑"), " ", h("kbd", {}, "↓"), " ", t("choose")), h("span", {}, h("kbd", {}, "Enter"), " ", t("open")), h("span", {}, h("kbd", {}, "Ctrl"), " ", h("kbd", {}, "Enter"), " ", t("in a new tab")), h("span", {}, h("kbd", {}, "Esc"), " ", t("close")));
    this.dialog = showDialog("gx-palette", head, this.list, this.note, foot);
    this.dialog.setAttribute("aria-label", t("Command palette"));
    head.addEventListener("submit", (event) => {
      event.preventDefault();
      this.options[this.active]?.click();
    });
    this.input.addEventListener("input", (event) => this.changed(event.isComposing));
    this.input.addEventListener("compositionend", () => this.changed(false));
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.draw();
    this.input.focus();
    this.load();
  }

  get options() {
    return [...this.list.querySelectorAll("[role='option'][href]")];
  }

  changed(composing) {
    this.active = 0;
    this.draw();
    clearTimeout(this.timer);
    if (!composing) this.timer = setTimeout(() => this.load(), 150);
  }

  async load() {
    const q = this.input.value.trim();
    this.abort?.abort();
    this.abort = new AbortController();
    const answer = await getJson(withQuery("/palette", q ? { q } : { recent: recent().join(",") }), { signal: this.abort.signal });
    for (const group of answer?.groups ?? []) for (const item of group.items) item.children = item.icon ? await iconOf(item.icon) : null;
    if (!answer || this.input.value.trim() !== q) return;
    if (q) this.found = answer.groups ?? [];
    else this.late = answer.groups ?? [];
    this.asked = q;
    this.draw();
  }

  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      event.stopPropagation();
      const option = this.options[this.active];
      if (option) window.open(option.href, "_blank", "noopener");
      return;
    }
    if (event.isComposing || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    if (["Home", "End"].includes(event.key) && this.input.value) return;
    event.preventDefault();
    const count = this.options.length;
    if (!count) return;
    this.active = { ArrowDown: (this.active + 1) % count, ArrowUp: (this.active - 1 + count) % count, Home: 0, End: count - 1 }[event.key];
    this.mark();
  }

  mark() {
    const options = this.options;
    this.input.setAttribute("aria-expanded", String(options.length > 0));
    if (!options.length) this.input.removeAttribute("aria-activedescendant");
    options.forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === this.active));
      if (index !== this.active) return;
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    });
  }

  draw() {
    const typed = this.input.value.trim();
    const q = typed.toLowerCase();
    if (!q) this.found = [];
    const near = this.local.map((group) => ({ ...group, items: group.items.filter((item) => item.title.toLowerCase().includes(q)) }));
    const groups = [...(q ? this.found : this.late), ...near].filter((group) => group.items.length);
    let index = 0;
    const option = (className, url, ...children) =>
      h("a", { class: className, role: "option", tabindex: "-1", id: `${this.list.id}-${(index += 1)}`, href: url, "aria-selected": "false" }, ...children);
    this.list.replaceChildren(...groups.map((group) =>
      h("div", { role: "group", "aria-label": group.title }, h("h3", { "aria-hidden": "true" }, group.title),
        ...group.items.map((item) => {
          const picture = item.picture?.cloneNode(true) ?? svg(item.children ?? search);
          return option("gx-option", item.url, picture, marked(item.title, item.marks), item.hint ? h("small", {}, item.hint) : null);
        }),
        group.more ? option("gx-option gx-option-more", group.more.url, svg(forward), h("span", {}, group.more.title)) : null)));
    this.list.hidden = !groups.length;
    this.note.replaceChildren(...(groups.length ? [] : this.empty(typed)));
    this.active = Math.min(this.active, Math.max(0, index - 1));
    this.mark();
  }

  empty(typed) {
    if (this.asked !== typed) return [h("p", {}, t("Searching…"))];
    return [svg(search, 22), h("b", {}, t("Nothing found for “%(q)s”.", { q: typed })), h("p", {}, t("Names, pinyin or its initials, numbers, phones and mail addresses are searched.")), h("p", {}, t("Archived records are found in their list, under “Archived”."))];
  }
}

export function openPalette() {
  if (document.querySelector(".gx-palette") || !document.querySelector(".gx-app")) return;
  new Palette();
}

on("click", "[data-palette]", openPalette);
