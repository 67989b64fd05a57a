// Keys without a modifier, which can be switched off, and the page that lists them all.

import { pickRow, toBar } from "./bulk.js";
import { dialogHead, labelByHead, showDialog } from "./dialogs.js";
import { h, isTyping, on, store, t } from "./dom.js";
import { moveRow } from "./list.js";
import { openPalette } from "./palette.js";
import { closeMenu } from "./shell.js";

const OFF = "gx-keys-off";

function help() {
  const rows = [
    [["Ctrl", "K"], t("Search or jump to…")],
    [["/"], t("Search or jump to…")],
    [["j"], t("Next row")],
    [["k"], t("Previous row")],
    [["Enter"], t("Open the row")],
    [["x"], t("Pick the row")],
    [["b"], t("Go to what can be done with picked rows")],
    [["f"], t("Filter this list")],
    [["n"], t("Create a new record")],
    [["e"], t("Edit this record")],
    [["Ctrl", "S"], t("Save the form")],
    [["Ctrl", "Enter"], t("Save the form")],
    [["Esc"], t("Close a dialog or menu")],
    [["?"], t("Show this help")],
  ];
  const box = h("input", { type: "checkbox", checked: store.get(OFF) !== "1" });
  box.addEventListener("change", () => store.set(OFF, box.checked ? null : "1"));
  const keys = h("dl", { class: "gx-keys" });
  for (const [names, text] of rows) keys.append(h("dt", {}, ...names.flatMap((name, index) => [index ? " " : "", h("kbd", {}, name)])), h("dd", {}, text));
  const dialog = showDialog("", dialogHead(t("Keyboard shortcuts")),
    h("div", { class: "gx-dialog-body" }, keys, h("label", { class: "gx-check" }, box, t("Single keys work (j, k, /, ? …)"))));
  labelByHead(dialog);
}

on("click", "[data-keys]", () => {
  closeMenu();
  help();
});

const single = {
  "/": openPalette,
  "?": help,
  j: () => moveRow(1),
  k: () => moveRow(-1),
  x: () => pickRow(),
  X: () => pickRow(true),
  b: toBar,
  f: () => document.getElementById("list-q")?.select(),
  n: () => document.querySelector("[data-key='n']")?.click(),
  e: () => document.querySelector("[data-key='e']")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || isTyping(event.target) || document.querySelector("dialog[open]") || store.get(OFF) === "1") return;
  const act = single[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
