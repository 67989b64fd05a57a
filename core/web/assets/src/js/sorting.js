// Lists of things whose order is chosen: dragged by a handle, or moved with the arrow keys on it.

import { on } from "./dom.js";

const movable = (item) => item && !item.matches(".gx-sorting-fixed");

/** Let an item change places with a neighbour. The neighbour moves, so that the item keeps focus and pointer. */
function move(item, step) {
  const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!movable(other)) return;
  if (step < 0) item.after(other);
  else item.before(other);
}

on("keydown", "[data-handle]", (event, handle) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  move(handle.closest("li"), step);
  handle.scrollIntoView({ block: "nearest" });
});

const middle = (item) => {
  const { top, height } = item.getBoundingClientRect();
  return top + height / 2;
};

on("pointerdown", "[data-handle]", (event, handle) => {
  if (event.button) return;
  const item = handle.closest("li");
  const room = item.closest(".gx-dialog-body");
  handle.setPointerCapture(event.pointerId);
  item.classList.add("gx-dragged");
  const follow = ({ clientY }) => {
    const { top, bottom } = room.getBoundingClientRect();
    if (clientY > bottom - 24) room.scrollTop += 10;
    if (clientY < top + 24) room.scrollTop -= 10;
    while (movable(item.previousElementSibling) && clientY < middle(item.previousElementSibling)) move(item, -1);
    while (movable(item.nextElementSibling) && clientY > middle(item.nextElementSibling)) move(item, 1);
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
