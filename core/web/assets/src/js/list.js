// Lists: live filters, sorting and paging that swap only the card, rows that open.

import htmx from "htmx.org/dist/htmx.esm.js";
import { on } from "./dom.js";

const list = () => document.querySelector("[data-list]");
const filters = () => document.getElementById("list-filter");

/** Tell the other scripts of the list that it shows something new. */
function shown() {
  const lasting = document.getElementById("list-head")?.dataset.lasting;
  if (lasting && lasting !== location.pathname + location.search) history.replaceState(history.state, "", lasting);
  if (list()) document.dispatchEvent(new CustomEvent("gx:list"));
}

/** Load `url` and swap `part` of the list; the address follows. */
export async function visit(url, part = "#list-card", { replace = false } = {}) {
  const source = list();
  if (!source) return location.assign(url);
  const address = replace ? { replace: "true" } : { push: "true" };
  await htmx.ajax("GET", url, { source, target: part, select: part, swap: "outerHTML", ...address });
  shown();
}

/** The address of the list with what the filter row holds now; empty parameters are left out. */
export function filteredUrl(changes = {}) {
  const values = new FormData(filters());
  for (const [name, value] of Object.entries(changes)) values.set(name, value);
  const query = new URLSearchParams([...values].filter(([, value]) => value !== ""));
  return filters().getAttribute("action") + (query.size ? `?${query}` : "");
}

let timer;
let last = null;
function filterSoon(delay, options, after) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const url = filteredUrl();
    if (url !== last) {
      last = url;
      await visit(url, "#list-body", options);
    }
    after?.();
  }, delay);
}

on("focusin", "#list-q", () => (last ??= filteredUrl()));
on("input", "#list-q", (event) => event.isComposing || filterSoon(200, { replace: true }));
on("compositionend", "#list-q", () => filterSoon(200, { replace: true }));
on("change", "#list-filter :is(select, .gx-combo input)", (_, control) => {
  control.classList.toggle("gx-on", Boolean(control.value));
  filterSoon(0);
});
on("submit", "#list-filter", (event) => {
  event.preventDefault();
  event.stopPropagation();
  const isSearch = document.activeElement?.id === "list-q";
  filterSoon(0, { replace: isSearch }, isSearch ? () => moveRow(1) : null);
}, true);
// From the words to what they have found.
on("keydown", "#list-q", (event) => {
  if (event.key !== "ArrowDown" || event.isComposing) return;
  event.preventDefault();
  moveRow(1);
});
on("click", "[data-swap]", (event, link) => {
  if (!list() || !link.href || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  last = null;
  visit(link.getAttribute("href")).then(() => {
    const card = document.getElementById("list-card");
    if (card && card.getBoundingClientRect().top < 0) card.scrollIntoView();
  });
});

// Dialogs that arrange the list: what they hold becomes a parameter of its address.
on("submit", "form[data-arrange]", (event, form) => {
  event.preventDefault();
  event.stopPropagation();
  const name = form.dataset.arrange;
  const chosen = new FormData(form).getAll(name).filter(Boolean).join(",");
  form.closest("dialog").close();
  visit(filteredUrl({ [name]: chosen }));
}, true);

// A click anywhere on a row opens it, unless text is being selected or something else was meant.
function openRow(event, row) {
  const link = row.querySelector(".gx-row");
  if (!link || event.target.closest("a, button, input, label, select")) return;
  if (getSelection()?.toString()) return;
  const aside = event.ctrlKey || event.metaKey || event.button === 1;
  if (aside) window.open(link.href, "_blank", "noopener");
  else if (event.button === 0) link.click();
}
on("click", ".gx-rows tbody tr", openRow);
on("auxclick", ".gx-rows tbody tr", (event, row) => event.button === 1 && openRow(event, row));

/** Move the focus to the next (1) or previous (-1) row or group. */
export function moveRow(step) {
  const stops = ".gx-row, .gx-fold-toggle";
  const rows = [...document.querySelectorAll(`.gx-rows tbody :is(${stops})`)];
  if (!rows.length) return;
  const now = rows.indexOf(document.activeElement?.closest("tr")?.querySelector(stops));
  const next = rows[Math.max(0, Math.min(rows.length - 1, now < 0 ? 0 : now + step))];
  next.focus({ preventScroll: true });
  next.closest("tr").scrollIntoView({ block: "nearest" });
}

document.addEventListener("DOMContentLoaded", shown);
