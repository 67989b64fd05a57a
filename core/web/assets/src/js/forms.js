// What was typed is never lost: drafts in the browser, a warning before leaving, saving from the keyboard.

import { h, on, store, svg, t } from "./dom.js";
import history from "icon:history";
import "./duplicates.js";
import { setLookup, setTags } from "./combobox.js";
import { lineNumbers, matchLines } from "./lines.js";

const PREFIX = "gx-draft:";
const SKIP = new Set(["csrf_token"]);
const KEEP_DAYS = 14;

const entries = (form) => [...new FormData(form)].filter(([name, value]) => !SKIP.has(name) && typeof value === "string");

function snapshot(form) {
  const lines = {};
  for (const block of form.querySelectorAll("[data-lines]")) lines[block.dataset.lines] = lineNumbers(block);
  const labels = {};
  for (const hidden of form.querySelectorAll(".gx-combo > input[type='hidden']"))
    labels[hidden.name] = hidden.parentElement.querySelector("[role='combobox']").value;
  return { entries: entries(form), lines, labels };
}

function apply(form, draft) {
  for (const block of form.querySelectorAll("[data-lines]")) matchLines(block, draft.lines[block.dataset.lines] ?? []);
  const values = new Map();
  for (const [name, value] of draft.entries) values.set(name, [...(values.get(name) ?? []), value]);
  for (const box of form.querySelectorAll("[data-tags]")) setTags(box, (values.get(box.dataset.tags) ?? []).filter(Boolean));
  for (const control of form.elements) {
    if (!control.name || SKIP.has(control.name) || control.closest("[data-tags]") || !values.has(control.name)) continue;
    const given = values.get(control.name);
    if (control.type === "checkbox" || control.type === "radio") control.checked = given.includes(control.value);
    else if (control.type === "hidden" && form.querySelector(`[type="checkbox"][name="${CSS.escape(control.name)}"]`)) continue;
    else if (control.type === "hidden" && control.parentElement.classList.contains("gx-combo")) {
      control.value = given[0];
      setLookup(control, draft.labels[control.name] ?? "");
    } else if (control.type !== "file") control.value = given[0];
  }
  form.dispatchEvent(new CustomEvent("gx:draft", { bubbles: true }));
}

/** Fill the page's form with what a dialog has read; the text it was read from stands above, for comparing. */
document.addEventListener("gx:fill", ({ detail: { entries: given, lines = {}, labels = {}, text = "", title = "" } }) => {
  const form = document.querySelector("form[data-form]");
  if (!form) return;
  const now = snapshot(form);
  const names = new Set(given.map(([name]) => name));
  apply(form, { entries: [...now.entries.filter(([name]) => !names.has(name)), ...given], lines: { ...now.lines, ...lines }, labels: { ...now.labels, ...labels } });
  form.querySelector(".gx-filled-from")?.remove();
  if (text) form.prepend(h("section", { class: "gx-card gx-filled-from", "aria-label": title }, h("div", { class: "gx-card-head" }, h("h2", {}, title)), h("pre", {}, text)));
  form.dispatchEvent(new Event("input", { bubbles: true }));
  document.dispatchEvent(new CustomEvent("gx:filled", { detail: form.parentElement }));
});

class Keeper {
  constructor(form) {
    this.form = form;
    this.key = PREFIX + form.dataset.draft;
    this.clean = snapshot(form);
    this.cleanText = JSON.stringify(this.clean.entries);
    if ("failed" in form.dataset) this.failed = true;
    else this.restore();
  }

  get dirty() {
    return this.failed || JSON.stringify(entries(this.form)) !== this.cleanText;
  }

  restore() {
    const kept = this.form.dataset.draft && JSON.parse(store.get(this.key) ?? "null");
    if (!kept) return;
    if (JSON.stringify(kept.entries) === this.cleanText) return store.set(this.key, null);
    apply(this.form, kept);
    if ("quiet" in this.form.dataset) return;
    const at = new Date(kept.at);
    const today = at.toDateString() === new Date().toDateString();
    const time = at.toLocaleString(document.documentElement.lang, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
    const discard = () => {
      apply(this.form, this.clean);
      store.set(this.key, null);
      note.remove();
    };
    const note = h("div", { class: "gx-draft-note", role: "status" }, svg(history, 16), h("span", {}, t("Draft from %(time)s restored.", { time })),
      h("button", { type: "button", class: "gx-btn gx-btn-small", onclick: discard }, t("Discard")));
    const bar = this.form.querySelector(".gx-savebar");
    if (bar) bar.querySelector("[data-cancel]").after(note);
    else this.form.prepend(note);
  }

  keep() {
    clearTimeout(this.timer);
    if (!this.form.dataset.draft) return;
    this.timer = setTimeout(() => this.write(), 250);
  }

  write() {
    clearTimeout(this.timer);
    if (!this.form.dataset.draft) return;
    store.set(this.key, this.dirty ? JSON.stringify({ ...snapshot(this.form), at: Date.now() }) : null);
  }
}

const keepers = new Map();
let leaving = false;

function adopt() {
  for (const form of keepers.keys()) if (!form.isConnected) keepers.delete(form);
  for (const form of document.querySelectorAll("form[data-draft], form[data-form]")) if (!keepers.has(form)) keepers.set(form, new Keeper(form));
}

// A save that went through shows another page: then its draft has served.
const saving = sessionStorage.getItem("gx-saving");
sessionStorage.removeItem("gx-saving");
if (saving && !document.querySelector("form[data-failed]")) store.set(PREFIX + saving, null);
for (const key of store.keys(PREFIX)) {
  const at = JSON.parse(store.get(key) ?? "{}")?.at ?? 0;
  if (Date.now() - at > KEEP_DAYS * 86_400_000) store.set(key, null);
}
adopt();

const touched = (event) => keepers.get(event.target.closest?.("form"))?.keep();
document.addEventListener("input", touched);
document.addEventListener("change", touched);
document.addEventListener("htmx:before:swap", () => keepers.forEach((keeper) => keeper.write()));
document.addEventListener("htmx:after:swap", adopt);
document.addEventListener("htmx:before:response", ({ detail: { ctx } }) => {
  // An accepted note needs no draft; cleared before the swap brings a fresh form.
  const keeper = keepers.get(ctx.sourceElement);
  if (!keeper || ctx.response.status >= 400) return;
  keeper.form.reset();
  store.set(keeper.key, null);
});

document.addEventListener("submit", (event) => {
  const keeper = keepers.get(event.target);
  if (!keeper || event.defaultPrevented) return;
  keeper.write();
  leaving = true;
  if (event.target.dataset.draft) sessionStorage.setItem("gx-saving", event.target.dataset.draft);
});
document.addEventListener("gx:leave", () => {
  keepers.forEach((keeper) => keeper.write());
  leaving = true;
});
on("click", "[data-cancel]", () => document.dispatchEvent(new CustomEvent("gx:leave"))); // the draft stays
window.addEventListener("beforeunload", (event) => {
  if (leaving) return;
  const unsaved = [...keepers.values()].some((keeper) => !("quiet" in keeper.form.dataset) && keeper.dirty);
  if (unsaved) event.preventDefault();
});
window.addEventListener("pageshow", () => (leaving = false));
window.addEventListener("pagehide", () => keepers.forEach((keeper) => keeper.timer && keeper.write()));

// Signing out leaves nothing of this person behind.
on("click", "[data-sign-out]", () => {
  leaving = true;
  for (const key of store.keys(PREFIX)) store.set(key, null);
  keepers.clear();
});

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const save = event.key.toLowerCase() === "s" && !event.shiftKey;
  if (!save && event.key !== "Enter") return;
  const inside = event.target.closest?.("dialog form, form[data-draft], form[data-form]");
  const top = [...document.querySelectorAll("dialog[open]")].at(-1);
  const form = inside ?? (top ? top.querySelector("form") : save ? document.querySelector("form[data-form]") : null);
  if (!form) return;
  event.preventDefault();
  if (document.activeElement instanceof HTMLElement && form.contains(document.activeElement)) {
    const focused = document.activeElement; // a typed tag or a half-typed lookup is settled by leaving it
    focused.blur();
    focused.focus({ preventScroll: true });
  }
  form.requestSubmit();
});

// The error summary is read first, and its links go to the control.
document.querySelector("[data-summary]")?.focus();
on("click", "[data-summary] a", (event, link) => {
  const control = document.getElementById(link.hash.slice(1));
  if (!control) return;
  event.preventDefault();
  control.focus({ preventScroll: true });
  control.scrollIntoView({ block: "center" });
});
