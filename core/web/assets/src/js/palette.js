// The command palette: menu entries, what can be created, and what the server finds.

import search from "icon:search";
import { freshId, h, on, svg, t } from "./dom.js";
import { showDialog } from "./dialogs.js";
import { getJson, withQuery } from "./net.js";

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

class Palette {
  constructor() {
    this.local = commands();
    this.found = [];
    this.active = 0;
    this.list = h("div", { class: "gx-palette-list", role: "listbox", id: freshId("palette"), "aria-label": t("Results") });
    this.input = h("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": this.list.id, "aria-autocomplete": "list", "aria-label": t("Search or jump to…"), placeholder: t("Search or jump to…"), autocomplete: "off", spellcheck: "false" });
    const head = h("form", { class: "gx-palette-input", "data-careless": true }, svg(search, 20), this.input);
    const foot = h("div", { class: "gx-palette-foot", "aria-hidden": "true" },
      h("span", {}, h("kbd", {}, "↑"), " ", h("kbd", {}, "↓"), " ", t("choose")), h("span", {}, h("kbd", {}, "Enter"), " ", t("open")), h("span", {}, h("kbd", {}, "Esc"), " ", t("close")));
    this.dialog = showDialog("gx-palette", head, this.list, foot);
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
    if (!q) {
      this.found = [];
      return this.draw();
    }
    this.abort = new AbortController();
    const answer = await getJson(withQuery("/palette", { q }), { signal: this.abort.signal });
    if (!answer || this.input.value.trim() !== q) return;
    for (const group of answer.groups ?? []) for (const item of group.items) item.children = item.icon ? await iconOf(item.icon) : null;
    this.found = answer.groups ?? [];
    this.asked = q;
    this.draw();
  }

  key(event) {
    if (event.isComposing || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    if (["Home", "End"].includes(event.key) && this.input.value) return;
    event.preventDefault();
    const count = this.options.length;
    if (!count) return;
    this.active = { ArrowDown: (this.active + 1) % count, ArrowUp: (this.active - 1 + count) % count, Home: 0, End: count - 1 }[event.key];
    this.mark();
  }

  mark() {
    this.options.forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === this.active));
      if (index !== this.active) return;
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    });
  }

  draw() {
    const q = this.input.value.trim().toLowerCase();
    const near = this.local.map((group) => ({ ...group, items: group.items.filter((item) => item.title.toLowerCase().includes(q)) }));
    const groups = (q ? [...this.found, ...near] : near).filter((group) => group.items.length);
    let index = 0;
    this.list.replaceChildren(...groups.map((group) =>
      h("div", { role: "group", "aria-label": group.title }, h("h3", { "aria-hidden": "true" }, group.title),
        ...group.items.map((item) => {
          const picture = item.picture?.cloneNode(true) ?? svg(item.children ?? search);
          return h("a", { class: "gx-option", role: "option", tabindex: "-1", id: `${this.list.id}-${(index += 1)}`, href: item.url, "aria-selected": "false" },
            picture, h("span", {}, item.title), item.hint ? h("small", {}, item.hint) : null);
        }))));
    if (!groups.length) this.list.append(h("p", { class: "gx-options-note", role: "status" }, this.asked?.toLowerCase() === q ? t("Nothing found for “%(q)s”.", { q: this.input.value.trim() }) : t("Searching…")));
    this.active = Math.min(this.active, Math.max(0, index - 1));
    this.mark();
  }
}

export function openPalette() {
  if (document.querySelector(".gx-palette") || !document.querySelector(".gx-app")) return;
  new Palette();
}

on("click", "[data-palette]", openPalette);
