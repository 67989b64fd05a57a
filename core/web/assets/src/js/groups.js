// Groups of a list: heads that open and close, and what stood open stands open again on the way back.

import { on } from "./dom.js";
import { request } from "./net.js";

const key = () => `gx-groups:${location.pathname}${location.search}`;
const levelOf = (row) => Number(row.className.match(/gx-level-(\d)/)?.[1] ?? 9);

/** The rows between a head and the next one of its level or above. */
function inside(head) {
  const rows = [];
  for (let row = head.nextElementSibling; row && levelOf(row) > levelOf(head); row = row.nextElementSibling) rows.push(row);
  return rows;
}

async function fetchRows(url) {
  const answer = await request(url);
  if (!answer) return null;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  return holder.content;
}

/** Remember which groups stand open at this address. */
function remember() {
  const open = [...document.querySelectorAll(".gx-fold-toggle")].filter((one) => one.ariaExpanded === "true");
  sessionStorage.setItem(key(), JSON.stringify(open.map((one) => one.dataset.group)));
}

async function toggle(button, open = button.ariaExpanded !== "true") {
  if (button.ariaBusy === "true" || open === (button.ariaExpanded === "true")) return;
  const head = button.closest("tr");
  if (!open) {
    for (const row of inside(head)) row.remove();
  } else {
    button.ariaBusy = "true";
    const rows = await fetchRows(button.dataset.group);
    button.ariaBusy = null;
    if (!rows || !button.isConnected) return;
    head.after(rows);
  }
  button.ariaExpanded = String(open);
}

on("click", "[data-group]", (_, button) => toggle(button).then(remember));
on("click", ".gx-fold", (event, head) => {
  if (!event.target.closest("button")) toggle(head.querySelector("[data-group]")).then(remember);
});
on("keydown", "[data-group]", (event, button) => {
  if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
  event.preventDefault();
  toggle(button, event.key === "ArrowRight").then(remember);
});
on("click", "[data-more-rows]", async (_, button) => {
  button.disabled = true;
  const rows = await fetchRows(button.dataset.moreRows);
  button.disabled = false;
  if (!rows) return;
  const first = rows.querySelector(".gx-row");
  button.closest("tr").replaceWith(rows);
  first?.focus({ preventScroll: true });
});

document.addEventListener("gx:list", async () => {
  const kept = sessionStorage.getItem(key());
  if (!kept || !document.querySelector("[data-group]")) return;
  const open = new Set(JSON.parse(kept));
  // Outer groups first: the inner ones come with them.
  for (let seen = new Set(), more = true; more; ) {
    const next = [...document.querySelectorAll("[data-group]")].filter((one) => !seen.has(one.dataset.group));
    for (const one of next) {
      seen.add(one.dataset.group);
      await toggle(one, open.has(one.dataset.group));
    }
    more = next.length > 0;
  }
});
