// Widths of columns: dragged at the edge of a head, moved with the arrow keys on it, fitted by a double click.

import { on } from "./dom.js";
import { request } from "./net.js";

const STEP = 8;
const LEAST = 6;
const MOST = 80;

const within = (steps) => Math.max(LEAST, Math.min(MOST, Math.round(steps)));
const widthClass = (element) => [...element.classList].find((name) => name.startsWith("gx-w-"));
const stepsOf = (head) => Number(widthClass(head)?.slice(5)) || 0;

/** The cells of a head's column; heads of groups, which span several, are left out. */
function column(head) {
  const index = head.cellIndex;
  const rows = [...head.closest("table").rows].filter((row) => !row.matches(".gx-fold, .gx-more-rows"));
  return rows.map((row) => row.cells[index]).filter(Boolean);
}

/** Give the column a width in steps; 0 for what its content needs. */
function set(head, steps) {
  for (const cell of column(head)) {
    const old = widthClass(cell);
    if (old) cell.classList.remove(old);
    if (steps) cell.classList.add(`gx-w-${steps}`);
  }
  tell(head);
}

/** What a screen reader is told of the handle. */
function tell(head) {
  const grip = head.querySelector(".gx-grip");
  grip?.setAttribute("aria-valuenow", Math.round(head.getBoundingClientRect().width));
}

let timer;
function keepSoon(head) {
  const table = head.closest("table");
  clearTimeout(timer);
  timer = setTimeout(() => {
    const heads = [...table.querySelectorAll("thead th[data-name]")].filter(stepsOf);
    const widths = JSON.stringify(Object.fromEntries(heads.map((one) => [one.dataset.name, stepsOf(one)])));
    request(table.dataset.widths, { method: "POST", body: new URLSearchParams({ widths }), quiet: true });
  }, 400);
}

/** As wide as the widest of its cells. */
function fit(head) {
  set(head, 0);
  const range = document.createRange();
  const wide = column(head).map((cell) => {
    const { paddingInlineStart: start, paddingInlineEnd: end } = getComputedStyle(cell);
    cell.classList.add("gx-measured");
    range.selectNodeContents(cell);
    const width = range.getBoundingClientRect().width;
    cell.classList.remove("gx-measured");
    return width + parseFloat(start) + parseFloat(end);
  });
  set(head, within(Math.ceil((Math.max(...wide) + 2) / STEP)));
  keepSoon(head);
}

on("pointerdown", ".gx-grip", (event, grip) => {
  if (event.button) return;
  event.preventDefault();
  grip.focus();
  grip.setPointerCapture(event.pointerId);
  const head = grip.closest("th");
  const { left, right } = head.getBoundingClientRect();
  const from = right - left - event.clientX;
  let moved = false;
  const follow = (at) => {
    if (!moved && Math.abs(at.clientX - event.clientX) < 3) return;
    moved = true;
    set(head, within((from + at.clientX) / STEP));
  };
  const end = () => {
    grip.removeEventListener("pointermove", follow);
    if (moved) keepSoon(head);
  };
  grip.addEventListener("pointermove", follow);
  grip.addEventListener("pointerup", end, { once: true });
  grip.addEventListener("pointercancel", end, { once: true });
});
on("dblclick", ".gx-grip", (_, grip) => fit(grip.closest("th")));
on("keydown", ".gx-grip", (event, grip) => {
  const head = grip.closest("th");
  const now = stepsOf(head) || head.getBoundingClientRect().width / STEP;
  const by = event.shiftKey ? 8 : 2;
  if (event.key === "ArrowRight") set(head, within(now + by));
  else if (event.key === "ArrowLeft") set(head, within(now - by));
  else if (event.key === "Enter") fit(head);
  else if (event.key === "Delete" || event.key === "Backspace") set(head, 0);
  else return;
  event.preventDefault();
  keepSoon(head);
});
document.addEventListener("gx:list", () => document.querySelectorAll("th:has(> .gx-grip)").forEach(tell));
