// While somebody types a record: others that look like it, told below the field that says so. Never in the way.

import copy from "icon:copy";
import { h, on, svg, t } from "./dom.js";
import { getJson } from "./net.js";

const WAIT = 450; // after the last key; leaving the field asks at once
const asked = new WeakMap(); // by form: what was asked last, and the timer or request under way

const source = (form) => form.querySelector("[data-duplicates]");

/** The field a control belongs to: `phones.3.number` stands for `phones.number`. */
function fieldOf(form, name) {
  const place = name.replace(/\.\d+\./, ".");
  return Object.entries(JSON.parse(source(form).dataset.watched)).find(([, places]) => places.includes(place))?.[0];
}

function question(form) {
  const query = new URLSearchParams();
  for (const control of form.elements) {
    const field = control.name && !control.disabled && fieldOf(form, control.name);
    if (field && control.value.trim()) query.append(field, control.value.trim().slice(0, 300));
  }
  return query.toString();
}

function ask(form, delay) {
  const state = asked.get(form) ?? {};
  asked.set(form, state);
  clearTimeout(state.timer);
  state.timer = setTimeout(async () => {
    const query = question(form);
    if (query === state.query) return;
    state.query = query;
    state.abort?.abort();
    state.abort = new AbortController();
    const url = source(form).dataset.duplicates;
    const found = query ? await getJson(`${url}${url.includes("?") ? "&" : "?"}${query}`, { signal: state.abort.signal, quiet: true }) : { items: [] };
    if (found && state.query === query && form.isConnected) show(form, found.items);
  }, delay);
}

/** Below each field, those that are most alike by it. */
function show(form, items) {
  const choosing = form.closest("dialog")?.dataset.choosing !== undefined;
  const fields = JSON.parse(source(form).dataset.watched);
  for (const [name] of Object.entries(fields)) {
    const control = form.elements.namedItem(name);
    const place = control instanceof Element ? control.closest(".gx-field") : null;
    if (!place) continue;
    const mine = items.filter((item) => item.field === name);
    let box = place.querySelector(".gx-alike");
    if (!mine.length) {
      box?.replaceChildren();
      continue;
    }
    if (!box) place.append((box = h("div", { class: "gx-alike", role: "status" })));
    box.replaceChildren(svg(copy, 16), h("div", {}, h("span", {}, t("Looks like:")), h("ul", {}, ...mine.map((item) => line(form, item, choosing)))));
  }
}

function line(form, item, choosing) {
  const facts = [item.kind, item.hint, ...item.why].filter(Boolean).join(" · ");
  const use = () => form.closest("dialog").dispatchEvent(new CustomEvent("gx:use", { detail: { id: item.id, label: item.label } }));
  return h("li", {}, h("a", { href: item.url, target: "_blank", rel: "noopener" }, item.label), " ", h("small", {}, facts),
    choosing && !item.kind ? h("button", { type: "button", class: "gx-text-btn", onclick: use }, t("Use this one")) : null);
}

const watched = (event) => {
  const control = event.target;
  const form = control.form;
  return form && control.name && source(form) && fieldOf(form, control.name) ? form : null;
};
on("input", "input, textarea", (event) => {
  const form = watched(event);
  if (form) ask(form, WAIT);
});
on("focusout", "input, textarea", (event) => {
  const form = watched(event);
  if (form) ask(form, 0);
});

// What a page or a dialog opens with is looked at as well: a name typed into a lookup, a card that was read.
const begin = (form) => form && source(form) && question(form) && !source(form).dataset.duplicates.includes("without=") && ask(form, 0);
document.querySelectorAll("form").forEach(begin);
document.addEventListener("gx:filled", ({ detail: root }) => root.querySelectorAll("form").forEach(begin));
