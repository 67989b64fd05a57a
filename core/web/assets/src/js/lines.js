// Nested lines of a form: added and removed in place, numbered so that names never meet.

import { on, t } from "./dom.js";
import { toast } from "./toasts.js";

const numbers = (block) =>
  [...block.querySelectorAll("[data-line] > input[type='hidden']")].map((input) => Number(input.name.split(".").at(-2)));

function refresh(block) {
  block.querySelector("[data-lines-head]").hidden = !block.querySelector("[data-line]");
  block.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Append a blank line numbered `number` (the next free one by default). */
export function addLine(block, number = Math.max(-1, ...numbers(block)) + 1) {
  const holder = document.createElement("template");
  holder.innerHTML = block.querySelector("template").innerHTML.replaceAll("__i__", number);
  const line = holder.content.firstElementChild;
  block.querySelector("[data-lines-body]").append(holder.content);
  refresh(block);
  return line;
}

/** Make the block hold exactly the lines with these numbers. */
export function matchLines(block, wanted) {
  const lines = [...block.querySelectorAll("[data-line]")];
  numbers(block).forEach((number, index) => wanted.includes(number) || lines[index].remove());
  const have = numbers(block);
  for (const number of wanted) if (!have.includes(number)) addLine(block, number);
  refresh(block);
}

export const lineNumbers = numbers;

on("click", "[data-add-line]", (_, button) => {
  const line = addLine(button.closest("[data-lines]"));
  line.querySelector("input:not([type='hidden']), select, textarea")?.focus();
});
on("click", "[data-remove-line]", (_, button) => {
  const block = button.closest("[data-lines]");
  const line = button.closest("[data-line]");
  const next = line.nextElementSibling;
  const body = line.parentElement;
  const filled = line.querySelector("input[type='hidden']").value || [...line.querySelectorAll("input, textarea")].some((input) => input.type !== "hidden" && input.type !== "checkbox" && input.value);
  line.remove();
  refresh(block);
  (next ?? body.lastElementChild ?? block).querySelector("input:not([type='hidden']), select, [data-add-line]")?.focus();
  if (!filled) return;
  const undo = () => {
    body.insertBefore(line, next?.isConnected ? next : null);
    refresh(block);
  };
  toast(t("Line removed."), { tone: "info", undo });
});
