// Dialogs: made here, or fetched as a fragment (`ui.dialog`) and sent without leaving the page.

import x from "icon:x";
import { freshId, h, on, svg, t } from "./dom.js";
import { request } from "./net.js";
import { carryToasts, toast } from "./toasts.js";

/** Ids of a fragment must not meet those of the page below it. */
function renameIds(fragment) {
  const prefix = `${freshId("d")}-`;
  for (const element of fragment.querySelectorAll("[id]")) element.id = prefix + element.id;
  for (const [name, many] of [["for"], ["aria-describedby", true], ["aria-labelledby", true], ["data-pick"]]) {
    for (const element of fragment.querySelectorAll(`[${name}]`)) {
      const value = element.getAttribute(name);
      element.setAttribute(name, many ? value.trim().split(/\s+/).map((id) => prefix + id).join(" ") : prefix + value);
    }
  }
  for (const link of fragment.querySelectorAll('a[href^="#"]')) link.hash = prefix + link.hash.slice(1);
  for (const template of fragment.querySelectorAll("template")) renameIds(template.content);
}

/** Show an empty dialog; it leaves the page when closed. A touched form does not close by accident. */
export function showDialog(className = "", ...children) {
  const dialog = h("dialog", { class: `gx-dialog ${className}` }, ...children);
  let touched = false;
  let warned = 0;
  dialog.addEventListener("input", (event) => (touched ||= Boolean(event.target.closest("form:not([data-careless])"))));
  const mayClose = () => {
    if (!touched || Date.now() - warned < 4000) return true;
    warned = Date.now();
    toast(t("There is unsaved input. Do it again to discard it."), { tone: "warn" });
    return false;
  };
  dialog.addEventListener("cancel", (event) => {
    if (event.target === dialog && !mayClose()) event.preventDefault();
  });
  let pressed = null;
  dialog.addEventListener("pointerdown", (event) => (pressed = event.target));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && pressed === dialog && mayClose()) dialog.close();
  });
  const focused = document.activeElement;
  const origin = focused?.closest(".gx-menu")?.querySelector("[data-menu]") ?? focused;
  dialog.addEventListener("close", () => {
    document.dispatchEvent(new CustomEvent("gx:dialog-closed", { detail: dialog }));
    dialog.remove();
    if (origin?.isConnected) origin.focus({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** The title row of a dialog made by a script. */
export function dialogHead(title) {
  return h(
    "div",
    { class: "gx-dialog-head" },
    h("h2", {}, title),
    h("button", { type: "button", class: "gx-iconbtn", "data-close": true, "aria-label": t("Close") }, svg(x)),
  );
}

export function labelByHead(dialog) {
  const head = dialog.querySelector("h2");
  if (!head) return;
  head.id ||= freshId("dialog-title");
  dialog.setAttribute("aria-labelledby", head.id);
}

function fill(dialog, html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  renameIds(holder.content);
  dialog.replaceChildren(holder.content);
  dialog.classList.toggle("gx-dialog-wide", Boolean(dialog.querySelector("[data-wide]")));
  labelByHead(dialog);
  const first = dialog.querySelector("[aria-invalid='true'], [autofocus]") ?? dialog.querySelector(
    ".gx-dialog-body :is(input, select, textarea):not([type='hidden'], [readonly]), .gx-dialog-foot [type='submit']",
  );
  first?.focus();
  document.dispatchEvent(new CustomEvent("gx:filled", { detail: dialog }));
}

/**
 * Fetch a fragment, show it and send its form until it is accepted.
 *
 * Answers: 422 shows the fragment again, a further fragment is the next step; 201 with {id, label} resolves to it; HX-Redirect, {redirect}
 * or a followed redirect goes there; any other success loads the page again. Resolves to null when closed.
 * `choosing`: the one who opened it takes a record, so one that is there already may be used (`gx:use`).
 */
export async function openFragment(url, { choosing = false } = {}) {
  const response = await request(url);
  if (!response) return null;
  const html = await response.text();
  return new Promise((resolve) => {
    const dialog = showDialog();
    if (choosing) dialog.dataset.choosing = "";
    fill(dialog, html);
    let result = null;
    dialog.addEventListener("gx:use", ({ detail }) => {
      result = detail;
      dialog.close();
    });
    dialog.addEventListener("close", () => resolve(result));
    let sending = false;
    dialog.addEventListener("submit", async (event) => {
      if (event.target.closest("dialog") !== dialog) return;
      event.preventDefault();
      if (sending) return;
      sending = true;
      const form = event.target;
      const body = new FormData(form, event.submitter ?? undefined);
      const files = [...body.values()].some((value) => value instanceof File);
      const answer = await request(form.getAttribute("action") || url, {
        method: "POST",
        body: files ? body : new URLSearchParams(body),
        headers: { Accept: "application/json, text/html" },
        accept: [422],
      });
      sending = false;
      if (!answer) return;
      if (answer.status === 422) return fill(dialog, await answer.text());
      const type = answer.headers.get("Content-Type") ?? "";
      if (type.includes("html") && !answer.redirected) {
        const next = await answer.text();
        if (next.trimStart().startsWith("<div data-fragment")) return fill(dialog, next); // a further step
      }
      const json = type.includes("json") ? await answer.json() : {};
      if (json.id != null || json.fill) {
        result = json;
        return dialog.close();
      }
      document.dispatchEvent(new CustomEvent("gx:leave"));
      const target = answer.headers.get("HX-Redirect") ?? json.redirect;
      if (target) return location.assign(target);
      if (answer.redirected) {
        carryToasts(await answer.text());
        if (answer.url === location.href) location.reload();
        else location.assign(answer.url);
        return;
      }
      location.reload();
    });
  });
}

on("click", "[data-close]", (_, button) => button.closest("dialog")?.close());
on("click", "[data-dialog]", async (_, button) => {
  const made = await openFragment(button.dataset.dialog);
  if (made?.fill) document.dispatchEvent(new CustomEvent("gx:fill", { detail: made.fill }));
  else if (made) location.reload();
});
