// Picking rows of a list, the bar that then appears, and the dialog that edits many records.

import { openFragment } from "./dialogs.js";
import { h, isPhone, isTyping, on, t } from "./dom.js";
import { visit } from "./list.js";

const bar = () => document.querySelector("[data-picks]");
const rows = () => [...document.querySelectorAll(".gx-rows tbody tr")].filter((row) => row.querySelector(".gx-row"));
const idOf = (row) => row.querySelector(".gx-row").getAttribute("href").split("/").at(-1);
const boxOf = (row) => row.querySelector(".gx-pick input");

/** Numbers of picked records; whether all that match are meant, beyond the page. */
const picked = new Set();
let all = false;
let anchor = null;
let question = "";

/** What the list asks, without what only arranges its answer: when that changes, nothing stays picked. */
function asked() {
  const values = new URLSearchParams(location.search);
  for (const name of ["page", "sort", "columns", "group", "totals", "per_page"]) values.delete(name);
  values.sort();
  return `${location.pathname}?${values}`;
}

function box(label) {
  return h("label", { class: "gx-pick" }, h("input", { type: "checkbox", "aria-label": label }));
}

/** Put a box into each row that has none, and show what is picked. */
function dress() {
  const table = document.querySelector(".gx-rows");
  const one = bar();
  if (!table || !one) return;
  if (question !== asked()) clear();
  question = asked();
  table.classList.add("gx-pickable");
  const head = table.querySelector("thead th");
  if (head && !head.querySelector(".gx-pick")) head.prepend(box(t("Pick all on this page")));
  for (const row of rows()) {
    if (boxOf(row)) continue;
    const name = row.querySelector(".gx-t1")?.textContent ?? "";
    row.querySelector(".gx-row").parentElement.prepend(box(t("Pick “%(name)s”", { name })));
  }
  show();
}

function show() {
  const one = bar();
  if (!one) return;
  const here = rows();
  for (const row of here) {
    const on_ = all || picked.has(idOf(row));
    row.classList.toggle("gx-picked", on_);
    boxOf(row).checked = on_;
  }
  const head = document.querySelector(".gx-rows thead .gx-pick input");
  const chosen = here.filter((row) => boxOf(row).checked).length;
  if (head) {
    head.checked = chosen > 0 && chosen === here.length;
    head.indeterminate = chosen > 0 && chosen < here.length;
  }
  const total = Number(one.dataset.total);
  const shown = document.querySelector("[data-count]")?.textContent ?? total.toLocaleString();
  const count = all ? shown : picked.size.toLocaleString();
  one.querySelector("[data-picks-count]").textContent = t("%(n)s picked", { n: count });
  const more = one.querySelector("[data-picks-all]");
  const beyond = chosen === here.length && (total > picked.size || "more" in one.dataset);
  more.hidden = !all && !beyond;
  more.textContent = all ? t("Only those on this page") : t("All %(n)s that match", { n: shown });
  one.hidden = !all && !picked.size;
  document.querySelector("[data-list]")?.classList.toggle("gx-picking", !one.hidden);
}

function clear() {
  picked.clear();
  all = false;
  anchor = null;
}

function pick(row, wanted) {
  if (all) {
    // What is not on the page cannot be left out one by one, so only the page stays picked.
    all = false;
    for (const each of rows()) picked.add(idOf(each));
  }
  if (wanted) picked.add(idOf(row));
  else picked.delete(idOf(row));
}

function toggle(row, wanted, range) {
  const here = rows();
  const from = here.findIndex((each) => idOf(each) === anchor);
  if (range && from >= 0) {
    const to = here.indexOf(row);
    for (const each of here.slice(Math.min(from, to), Math.max(from, to) + 1)) pick(each, wanted);
  } else pick(row, wanted);
  anchor = idOf(row);
  show();
}

on("click", ".gx-rows tbody .gx-pick", (event, label) => {
  if (event.target !== label.firstElementChild) return; // the label clicks its box by itself
  toggle(label.closest("tr"), event.target.checked, event.shiftKey);
});
on("mousedown", ".gx-pick", (event) => event.shiftKey && event.preventDefault()); // no text is selected
on("change", ".gx-rows thead .gx-pick input", (_, head) => {
  all = false;
  for (const row of rows()) pick(row, head.checked);
  show();
});
on("click", "[data-picks-all]", () => {
  all = !all;
  show();
});
on("click", "[data-picks-clear]", () => {
  clear();
  show();
  document.querySelector(".gx-rows .gx-row")?.focus();
});

/** Pick the row with the focus, or drop it (the key x). */
export function pickRow(range = false) {
  const row = document.activeElement?.closest(".gx-rows tbody tr");
  if (row && boxOf(row)) toggle(row, !boxOf(row).checked, range);
}

/** Move the focus to the bar (the key b). */
export const toBar = () => bar()?.hidden === false && bar().querySelector("button:not([hidden])").focus();

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open], .gx-menu-list:not([hidden])")) return;
  if (bar()?.hidden !== false || (isTyping(event.target) && event.target.type !== "checkbox")) return;
  clear();
  show();
});

// On a phone a long press picks the first row; after that a tap picks further ones.
let press;
on("pointerdown", ".gx-rows tbody tr", (event, row) => {
  if (!isPhone() || !bar() || !row.querySelector(".gx-row")) return;
  clearTimeout(press);
  press = setTimeout(() => {
    toggle(row, true, false);
    navigator.vibrate?.(15);
    addEventListener("click", (click) => (click.preventDefault(), click.stopPropagation()), { once: true, capture: true });
  }, 500);
});
for (const type of ["pointerup", "pointercancel", "pointermove"]) document.addEventListener(type, (event) => {
  if (type !== "pointermove" || Math.abs(event.movementY) > 4) clearTimeout(press);
});
on("click", ".gx-picking .gx-rows tbody tr", (event, row) => {
  if (!isPhone() || event.target.closest(".gx-pick") || !boxOf(row)) return;
  event.preventDefault();
  event.stopPropagation();
  toggle(row, !boxOf(row).checked, false);
}, true);

/** The address of a dialog with the selection added. */
function withPicks(button) {
  const url = new URL(button.dataset.picksUrl, location.href);
  if ("picksFilter" in button.dataset) {
    if (!all) {
      const kept = ["columns", "sort"].map((name) => [name, url.searchParams.get(name)]);
      url.search = `?${new URLSearchParams([["segment", "all"], ...kept.filter(([, value]) => value)])}`;
      url.searchParams.set("filter", JSON.stringify({ and: [{ field: "id", op: "in", value: [...picked] }, ...archived()] }));
    }
  } else if (all) url.searchParams.set("all", "1");
  else url.search = `?ids=${[...picked].join(",")}`;
  return url.pathname + url.search;
}

/** Picked records that are archived are found only when the filter says so. */
const archived = () => (document.querySelector(".gx-rows .gx-picked.gx-archived") ? [{ field: "archived_at", op: "isnull", value: false }] : []);

on("click", "[data-picks-url]", async (_, button) => {
  const made = await openFragment(withPicks(button));
  if (made) clear();
  if (made || changed) visit(location.pathname + location.search, "#list-card", { replace: true });
  changed = false;
});

// The dialog: fields are added and taken away, values appear where one is needed.
let changed = false;

function settle(row) {
  const way = row.querySelector("[data-bulk-way]").value;
  row.querySelector(".gx-bulk-control").hidden = way === "clear";
}

document.addEventListener("gx:filled", ({ detail }) => {
  for (const row of detail.querySelectorAll("[data-bulk-row]")) settle(row);
  if (detail.querySelector("[data-done]")) changed = true;
});
on("change", "[data-bulk-way]", (_, select) => settle(select.closest("[data-bulk-row]")));
// Keys walk through the choices and each step is a change, so only Enter or the button takes one.
let walking = false;
on("keydown", "[data-bulk-add]", (event, select) => {
  walking = event.key !== "Enter";
  if (walking) return;
  event.preventDefault();
  take(select);
});
on("pointerdown", "[data-bulk-add]", () => (walking = false));
on("change", "[data-bulk-add]", (_, select) => walking || take(select));
on("click", "[data-bulk-take]", (_, button) => take(button.form.querySelector("[data-bulk-add]")));

function take(select) {
  const form = select.form;
  const template = form.querySelector(`template[data-bulk-field="${CSS.escape(select.value)}"]`);
  if (!template) return;
  const row = template.content.firstElementChild.cloneNode(true);
  form.querySelector("[data-bulk-rows]").append(row);
  const option = select.selectedOptions[0];
  option.hidden = option.disabled = true;
  select.value = "";
  settle(row);
  row.querySelector(".gx-bulk-control :is(input, select, textarea):not([type='hidden'])")?.focus();
}
on("click", "[data-bulk-remove]", (_, button) => {
  const row = button.closest("[data-bulk-row]");
  const select = button.form.querySelector("[data-bulk-add]");
  const name = row.dataset.bulkRow;
  const option = [...select.options].find((each) => each.value === name);
  option.hidden = option.disabled = false;
  if (!button.form.querySelector(`template[data-bulk-field="${CSS.escape(name)}"]`)) {
    const template = h("template", { "data-bulk-field": name });
    template.content.append(row.cloneNode(true));
    select.after(template);
  }
  row.remove();
  select.focus();
});

document.addEventListener("gx:list", dress);
document.addEventListener("htmx:after:swap", dress);
