// Short messages at the bottom; the server's are in the page already, the rest are made here.

import alert from "icon:alert-triangle";
import check from "icon:circle-check";
import info from "icon:info-circle";
import x from "icon:x";
import { h, on, svg, t } from "./dom.js";

const region = () => document.getElementById("gx-toasts");

/** A dialog makes all else inert, so messages move into the one on top and back. */
function settle() {
  const area = region();
  const open = [...document.querySelectorAll("dialog[open]")];
  const home = open.at(-1) ?? document.body;
  if (area && area.parentElement !== home) home.append(area);
}

function expire(element) {
  let left = element.querySelector(".gx-text-btn") ? 10_000 : 6_000;
  const tick = setInterval(() => {
    if (!element.isConnected) return clearInterval(tick);
    if (element.matches(":hover, :focus-within") || document.hidden) return;
    left -= 500;
    if (left <= 0) {
      clearInterval(tick);
      element.remove();
    }
  }, 500);
}

/** Show `text`; `undo` is a function or an address that is posted to take the work back. */
export function toast(text, { tone = "ok", undo = null } = {}) {
  const area = region();
  if (!area) return;
  settle();
  const element = h("div", { class: `gx-toast gx-toast-${tone}` }, svg({ ok: check, info }[tone] ?? alert), h("span", {}, text));
  if (typeof undo === "function") {
    const take = () => {
      element.remove();
      undo();
    };
    element.append(h("button", { type: "button", class: "gx-text-btn", onclick: take }, t("Undo")));
  } else if (undo) {
    element.append(h("button", { type: "submit", class: "gx-text-btn", form: "gx-post", formaction: undo }, t("Undo")));
  }
  element.append(h("button", { type: "button", class: "gx-iconbtn", "data-dismiss": true, "aria-label": t("Dismiss") }, svg(x, 15)));
  area.append(element);
  while (area.children.length > 4) area.firstElementChild.remove();
  expire(element);
}

/** Show what an answer carries in HX-Trigger: {"toast": {"text", "tone", "undo_url"}} or a list of such. */
export function toastsFrom(headers) {
  let told;
  try {
    told = JSON.parse(headers.get("HX-Trigger") ?? "null")?.toast;
  } catch {
    return; // a bare event name, not for us
  }
  for (const one of [told].flat()) if (one?.text) toast(one.text, { tone: one.tone, undo: one.undo_url });
}

/** Keep the messages of a page that was fetched but not shown until the next page. */
export function carryToasts(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const told = [...page.querySelectorAll("#gx-toasts .gx-toast")].map((element) => ({
    text: element.querySelector("span").textContent,
    tone: element.className.match(/gx-toast-(\w+)/)?.[1],
    undo: element.querySelector("[formaction]")?.getAttribute("formaction") ?? null,
  }));
  if (told.length) sessionStorage.setItem("gx-toasts", JSON.stringify(told));
}

on("click", "[data-dismiss]", (_, button) => button.closest(".gx-toast").remove());
document.addEventListener("close", settle, true);
document.querySelectorAll("#gx-toasts .gx-toast").forEach(expire);
const carried = JSON.parse(sessionStorage.getItem("gx-toasts") ?? "[]");
sessionStorage.removeItem("gx-toasts");
for (const { text, ...rest } of carried) toast(text, rest);
