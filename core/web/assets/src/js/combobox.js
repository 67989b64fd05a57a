// Lookups: a text input that finds records, with "create" as its last choice; texts and tags with suggestions.

import plus from "icon:plus";
import search from "icon:search";
import x from "icon:x";
import { freshId, h, on, place, svg, t } from "./dom.js";
import { openFragment } from "./dialogs.js";
import { getJson, withQuery } from "./net.js";

const changed = (element) => element.dispatchEvent(new Event("change", { bubbles: true }));

class Combobox {
  constructor(root) {
    this.root = root;
    this.input = root.querySelector("input[role='combobox']");
    // Free: what was typed counts, the choices are suggestions. Without, a hidden input holds the record.
    this.free = root.matches(".gx-combo-free, .gx-tags");
    this.hidden = this.free ? null : root.querySelector("input[type='hidden']");
    this.label = this.input.value;
    this.items = [];
    this.active = -1;
    this.list = null;
    this.abort = null;
  }

  static of(root) {
    return (root.combobox ??= new Combobox(root));
  }

  choose(id, label) {
    if (this.free) {
      if (this.root.matches(".gx-tags")) {
        this.input.value = "";
        addTag(this.root, label);
      } else this.input.value = label;
      this.close();
      return changed(this.input);
    }
    this.hidden.value = id;
    this.input.value = this.label = label;
    const clear = this.root.querySelector("[data-clear]");
    if (clear) clear.hidden = !id;
    this.close();
    changed(this.hidden);
  }

  close() {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.list?.remove();
    this.list = null;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  /** What was typed but not chosen is taken back; an emptied input clears the link. */
  leave() {
    if (this.free) return this.close();
    if (this.creating) return;
    if (!this.input.value.trim() && this.hidden.value) this.choose("", "");
    else this.input.value = this.label;
    this.close();
  }

  search(delay = 0) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), delay);
  }

  async load() {
    const typed = this.input.value.trim();
    const q = typed === this.label && !this.free ? "" : typed;
    this.abort?.abort();
    this.abort = new AbortController();
    const found = await getJson(withQuery(this.root.dataset.lookup, { q }), { signal: this.abort.signal });
    if (document.activeElement !== this.input) return;
    if (this.free) return this.suggest(found?.items ?? [], q);
    if (!found) return this.show([], t("The choices could not be loaded."));
    this.items = (found.items ?? []).map((item) => ({ ...item, id: String(item.id) }));
    if (this.root.dataset.all) this.items.push({ all: this.root.dataset.allLabel });
    const known = this.items.some((item) => item.label === q);
    if (q && !known && this.root.dataset.create) this.items.push({ create: q });
    this.show(this.items, q ? t("Nothing found for “%(q)s”.", { q }) : t("There is nothing to choose yet."));
  }

  /** Show the suggestions that say more than what stands there; none is marked until an arrow key asks for it. */
  suggest(found, q) {
    const have = new Set([...this.root.querySelectorAll(".gx-chip input")].map((input) => input.value));
    const items = found.filter((item) => item.label !== q && !have.has(item.label));
    if (!items.length) return this.close();
    this.show(items, "");
    this.activate(-1);
  }

  show(items, note) {
    if (!this.list) {
      this.list = h("div", { class: "gx-options", role: "listbox", id: freshId("options"), "aria-label": t("Choices") });
      this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // keep the focus in the input
      this.list.addEventListener("click", (event) => {
        const option = event.target.closest("[data-index]");
        if (option) this.take(Number(option.dataset.index));
      });
      (this.root.closest("dialog") ?? document.body).append(this.list);
      this.input.setAttribute("aria-controls", this.list.id);
      this.input.setAttribute("aria-expanded", "true");
    }
    this.items = items;
    this.list.replaceChildren(
      ...items.map((item, index) =>
        item.all
          ? h("div", { class: "gx-option gx-option-create", role: "option", id: `${this.list.id}-${index}`, "data-index": index, "aria-selected": "false" },
              svg(search, 16), h("span", {}, item.all))
          : item.create === undefined
          ? h("div", { class: "gx-option", role: "option", id: `${this.list.id}-${index}`, "data-index": index, "aria-selected": "false" },
              h("span", {}, item.label), item.hint ? h("small", {}, item.hint) : null)
          : h("div", { class: "gx-option gx-option-create", role: "option", id: `${this.list.id}-${index}`, "data-index": index, "aria-selected": "false" },
              svg(plus, 16), h("span", {}, t("Create “%(name)s”", { name: item.create }))),
      ),
    );
    if (!items.length) this.list.append(h("div", { class: "gx-options-note", role: "option", "aria-disabled": "true", "aria-selected": "false" }, note));
    // What is chosen already is marked, so that Enter changes nothing.
    const here = this.hidden?.value && this.input.value === this.label ? items.findIndex((item) => item.id === this.hidden.value) : -1;
    this.activate(items.length ? Math.max(0, here) : -1);
    place(this.list, this.input, { match: true });
  }

  activate(index) {
    this.active = index;
    for (const option of this.list.children) option.setAttribute("aria-selected", String(Number(option.dataset.index) === index));
    const option = this.list.children[index];
    if (option?.id) {
      this.input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  async take(index) {
    const item = this.items[index];
    if (!item) return;
    if (item.all) {
      this.root.dataset.lookup = this.root.dataset.all;
      delete this.root.dataset.all;
      return this.search();
    }
    if (item.create === undefined) return this.choose(item.id, item.label);
    this.creating = true;
    this.close();
    const made = await openFragment(withQuery(this.root.dataset.create, { name: item.create }), { choosing: true });
    this.creating = false;
    if (made) this.choose(String(made.id), made.label);
    else this.input.value = this.label;
    this.input.focus();
    this.close();
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!this.list) return this.search();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (this.items.length) this.activate(this.active < 0 && step < 0 ? this.items.length - 1 : (this.active + step + this.items.length) % this.items.length);
    } else if (event.key === "Enter" && this.list && this.active >= 0) {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      this.take(this.active);
    } else if (event.key === "Escape" && this.list) {
      event.preventDefault();
      event.stopPropagation();
      if (!this.free) this.input.value = this.label;
      this.close();
    }
  }
}

const combo = (element) => Combobox.of(element.closest(".gx-combo, .gx-tags"));
const inputs = ":is(.gx-combo, .gx-tags) input[role='combobox']";
on("input", inputs, (_, input) => combo(input).search(150));
on("click", inputs, (_, input) => combo(input).list || combo(input).search());
on("keydown", inputs, (event, input) => combo(input).key(event), true);
on("focusin", inputs, (_, input) => combo(input).free || input.select());
on("focusout", inputs, (_, input) => combo(input).leave());
on("pointerdown", ".gx-combo-buttons button", (event) => event.preventDefault());
on("click", ".gx-combo [data-clear]", (_, button) => {
  combo(button).choose("", "");
  combo(button).input.focus();
});
on("click", ".gx-combo [data-open]", (_, button) => {
  const box = combo(button);
  box.input.focus();
  if (box.list) box.close();
  else box.search();
});
document.addEventListener("scroll", (event) => {
  for (const list of document.querySelectorAll(".gx-options")) if (!list.contains(event.target)) {
    const input = document.querySelector(`[aria-controls="${list.id}"]`);
    if (input) place(list, input, { match: true });
  }
}, { capture: true, passive: true });

/** Set a lookup from a script, e.g. from a draft. */
export function setLookup(hidden, label) {
  const box = combo(hidden);
  box.input.value = box.label = label;
  const clear = box.root.querySelector("[data-clear]");
  if (clear) clear.hidden = !hidden.value;
}

/** An empty combobox for `url` (used by the filter builder). */
export function makeLookup(url, label, onchoose) {
  const hidden = h("input", { type: "hidden" });
  const root = h("div", { class: "gx-combo", "data-lookup": url },
    h("input", { class: "gx-input", type: "text", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-label": label, autocomplete: "off" }),
    hidden);
  hidden.addEventListener("change", () => onchoose(hidden.value, Combobox.of(root).label));
  return { root, hidden };
}

// Tags.
function addTag(box, text) {
  const tag = text.trim();
  const have = [...box.querySelectorAll(".gx-chip input")].map((input) => input.value.toLowerCase());
  if (!tag || have.includes(tag.toLowerCase())) return;
  const chip = h("span", { class: "gx-chip" }, h("span", {}, tag), h("input", { type: "hidden", name: box.dataset.tags, value: tag }),
    h("button", { type: "button", "aria-label": t("Remove “%(tag)s”", { tag }) }, svg(x, 14)));
  box.insertBefore(chip, tagInput(box));
  changed(box);
}

const tagInput = (box) => box.querySelector("input[type='text']");

/** Show exactly these tags. */
export function setTags(box, tags) {
  for (const chip of box.querySelectorAll(".gx-chip")) chip.remove();
  for (const tag of tags) addTag(box, tag);
}

function takeTyped(box) {
  const input = tagInput(box);
  for (const part of input.value.split(/[,，、;；\n]/)) addTag(box, part);
  input.value = "";
}

on("click", ".gx-tags", (event, box) => {
  const button = event.target.closest("button");
  if (button) {
    button.closest(".gx-chip").remove();
    changed(box);
  }
  tagInput(box).focus();
});
on("keydown", ".gx-tags input", (event, input) => {
  const box = input.closest(".gx-tags");
  if (event.isComposing) return;
  if (event.defaultPrevented) return;
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && input.value.trim()) {
    event.preventDefault();
    takeTyped(box);
  } else if (event.key === "Backspace" && !input.value) {
    box.querySelector(".gx-chip:last-of-type")?.remove();
    changed(box);
  }
});
on("input", ".gx-tags input", (event, input) => {
  if (!event.isComposing && /[,，、;；]/.test(input.value)) takeTyped(input.closest(".gx-tags"));
});
on("focusout", ".gx-tags input", (_, input) => takeTyped(input.closest(".gx-tags")));
