// The export dialog: columns are chosen and ordered, a small file is fetched, a large one is watched.

import { h, on, t } from "./dom.js";
import { request } from "./net.js";
import { toast } from "./toasts.js";

const chosen = (form) => [...form.querySelectorAll("input[name='names']:checked")];

function tell(form) {
  const count = form.querySelector("[data-export-chosen]");
  if (count) count.textContent = t("%(n)s chosen", { n: chosen(form).length });
  const labels = form.querySelector("[data-export-labels]");
  if (labels) labels.hidden = form.querySelector("input[name='format']:checked")?.value === "jsonl";
}

document.addEventListener("gx:filled", ({ detail }) => {
  const form = detail.querySelector("form[data-export]");
  if (form) tell(form);
});
on("change", "form[data-export]", (event, form) => {
  const item = event.target.closest("li[data-more]");
  if (item && event.target.checked) {
    // A column from below goes to the others, where its place can be chosen.
    const sorting = form.querySelector("[data-sorting]");
    const last = [...sorting.children].filter((each) => each.querySelector(":checked")).at(-1);
    item.removeAttribute("data-more");
    item.querySelector("[data-handle]").hidden = false;
    if (last) last.after(item);
    else sorting.prepend(item);
    item.scrollIntoView({ block: "nearest" });
    item.querySelector("input").focus();
  }
  tell(form);
});

on("submit", "form[data-export]", async (event, form) => {
  event.preventDefault();
  event.stopPropagation();
  if (!chosen(form).length) return toast(t("Choose at least one column."), { tone: "warn" });
  const dialog = form.closest("dialog");
  const url = new URL(form.action, location.href);
  for (const [name, value] of new FormData(form)) url.searchParams.append(name, value);
  if (!("large" in form.dataset)) {
    dialog.close();
    const link = h("a", { href: url.pathname + url.search, download: true });
    document.body.append(link);
    link.click();
    link.remove();
    return toast(t("The file is on its way to your downloads."), { tone: "info" });
  }
  if (form.dataset.sent) return;
  form.dataset.sent = "1";
  const answer = await request(url.pathname + url.search, { method: "POST" });
  delete form.dataset.sent;
  if (!answer) return;
  form.querySelector(".gx-dialog-body").innerHTML = await answer.text();
  form.querySelector(".gx-dialog-foot").replaceChildren(
    h("a", { class: "gx-btn gx-btn-quiet gx-start", href: "/settings/exports" }, t("My exports")),
    h("button", { type: "button", class: "gx-btn", "data-close": true }, t("Go on working")),
  );
  form.querySelector("[data-close]").focus();
}, true);
