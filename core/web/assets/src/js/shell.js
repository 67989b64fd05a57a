// The frame around every page: side menu, menus that drop down, theme and language.

import { on, place, store } from "./dom.js";
import { request } from "./net.js";

const root = document.documentElement;

// Side menu: folds on a desktop, slides in on a phone.
function nameFolded() {
  const folded = root.classList.contains("gx-folded");
  for (const item of document.querySelectorAll(".gx-side .gx-item")) {
    if (folded) item.title = item.textContent.trim();
    else item.removeAttribute("title");
  }
}

on("click", "[data-side]", () => {
  if (matchMedia("(max-width: 899px)").matches) {
    const open = root.classList.toggle("gx-side-open");
    if (open) document.querySelector(".gx-side a")?.focus();
    return;
  }
  store.set("gx-folded", root.classList.toggle("gx-folded") ? "1" : "0");
  nameFolded();
});
nameFolded();

// Menus.
let opened = null;

function closeMenu(refocus = false) {
  if (!opened) return;
  opened.list.hidden = true;
  opened.button.setAttribute("aria-expanded", "false");
  if (refocus) opened.button.focus();
  opened = null;
}

function openMenu(button) {
  const list = button.parentElement.querySelector(".gx-menu-list");
  closeMenu();
  list.hidden = false;
  button.setAttribute("aria-expanded", "true");
  const right = button.getBoundingClientRect().left > window.innerWidth / 2;
  place(list, button, { align: right ? "end" : "start" });
  opened = { button, list };
}

on("click", "[data-menu]", (event, button) => {
  const same = opened?.button === button;
  closeMenu();
  if (same) return;
  openMenu(button);
  if (event.detail === 0) opened.list.querySelector("a, button, input")?.focus();
});
document.addEventListener("click", (event) => {
  if (!opened || opened.button.contains(event.target)) return;
  if (!opened.list.contains(event.target) || event.target.closest("a, button:not([aria-pressed])")) closeMenu();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    if (root.classList.contains("gx-side-open")) root.classList.remove("gx-side-open");
    closeMenu(true);
  }
  if (!opened || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  if (!opened.list.contains(event.target) && event.target !== opened.button) return;
  event.preventDefault();
  const items = [...opened.list.querySelectorAll("a, button, input")].filter((item) => item.checkVisibility?.() ?? true);
  const step = event.key === "ArrowDown" ? 1 : -1;
  items.at((items.indexOf(document.activeElement) + step + items.length) % items.length)?.focus();
});
window.addEventListener("resize", () => closeMenu());

// Theme: at once, and kept by the server.
const isDark = () =>
  root.dataset.theme === "dark" || (root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);

function setTheme(theme) {
  root.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-choice]"))
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
  document.dispatchEvent(new CustomEvent("gx:theme", { detail: { theme, dark: isDark() } }));
  // Whoever leaves the page at once has chosen all the same.
  request("/preferences", { method: "POST", body: new URLSearchParams({ theme }), quiet: true, keepalive: true });
}

on("click", "[data-toggle-theme]", () => setTheme(isDark() ? "light" : "dark"));
on("click", "[data-theme-choice]", (_, button) => setTheme(button.dataset.themeChoice));

on("click", "[data-language]", async (_, button) => {
  const answer = await request("/preferences", { method: "POST", body: new URLSearchParams({ lang: button.dataset.language }) });
  if (!answer) return;
  document.dispatchEvent(new CustomEvent("gx:leave")); // a draft is kept, so nobody is asked
  location.reload();
});

// Pages without the shell.
on("click", "[data-reveal]", (_, button) => {
  const input = document.getElementById(button.dataset.reveal);
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
});
const back = document.querySelector("[data-back]");
if (back && history.length > 1 && document.referrer.startsWith(location.origin)) {
  back.hidden = false;
  back.addEventListener("click", (event) => {
    event.preventDefault();
    history.back();
  });
}

// A file chooser behind a button.
on("click", "[data-pick]", (_, button) => document.getElementById(button.dataset.pick)?.click());

export { closeMenu };
