// Lists of things whose order is chosen: dragged by a handle, or moved with the arrow keys on it.

import { on } from "./dom.js";

const movable = (item) => item && !item.matches(".gx-sorting-fixed");

function move(item, step) {
  const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!movable(other)) return;
  if (step < 0) other.before(item);
  else other.after(item);
}

on("keydown", "[data-handle]", (event, handle) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  move(handle.closest("li"), step);
  handle.focus();
  handle.scrollIntoView({ block: "nearest" });
});

on("pointerdown", "[data-handle]", (event, handle) => {
  if (event.button) return;
  const item = handle.closest("li");
  handle.setPointerCapture(event.pointerId);
  item.classList.add("gx-dragged");
  const follow = (at) => {
    const box = item.parentElement.closest(".gx-dialog-body")?.getBoundingClientRect();
    if (box && at.clientY > box.bottom - 24) item.parentElement.closest(".gx-dialog-body").scrollTop += 8;
    if (box && at.clientY < box.top + 24) item.parentElement.closest(".gx-dialog-body").scrollTop -= 8;
    for (const other of item.parentElement.children) {
      if (other === item || !movable(other)) continue;
      const { top, height } = other.getBoundingClientRect();
      const before = other.compareDocumentPosition(item) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (before && at.clientY < top + height / 2) return other.before(item);
      if (!before && at.clientY > top + height / 2 && at.clientY < top + height) return other.after(item);
    }
  };
  const end = () => {
    item.classList.remove("gx-dragged");
    handle.removeEventListener("pointermove", follow);
  };
  handle.addEventListener("pointermove", follow);
  handle.addEventListener("pointerup", end, { once: true });
  handle.addEventListener("pointercancel", end, { once: true });
});

// Columns as they are declared: those ticked, in that order, before all others.
on("click", "[data-declared]", (_, button) => {
  const names = button.dataset.declared.split(",");
  const box = (item) => item.querySelector("input[type='checkbox']");
  const items = [...button.closest("form").querySelectorAll("[data-sorting] > li")].filter(movable);
  const place = (item) => (names.indexOf(box(item).value) + names.length + 1) % (names.length + 1);
  items.sort((one, two) => place(one) - place(two));
  for (const item of items) {
    box(item).checked = names.includes(box(item).value);
    item.parentElement.append(item);
  }
});
