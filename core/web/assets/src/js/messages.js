// Messages from templates: another choice is filled anew; the text is copied, or goes into a mail.

import { on, t } from "./dom.js";
import { request } from "./net.js";
import { toast } from "./toasts.js";

const abort = new WeakMap();

on("change", "[data-message] select", async (_, select) => {
  const root = select.closest("[data-message]");
  abort.get(root)?.abort();
  const waiting = new AbortController();
  abort.set(root, waiting);
  const chosen = [...root.querySelectorAll("select")].map((each) => [each.name, each.value]);
  const answer = await request(`${root.dataset.message}?${new URLSearchParams(chosen)}`, { signal: waiting.signal });
  if (!answer) return;
  root.querySelector("[data-message-filled]").innerHTML = await answer.text();
  root.querySelector(`select[name="${select.name}"]`).focus();
});

on("input", "[data-message] :is(input, textarea)", (_, control) => {
  const root = control.closest("[data-message]");
  const mail = root.querySelector("[data-mail]");
  if (!mail) return;
  const said = (name) => encodeURIComponent(root.querySelector(`[name="${name}"]`).value.replace(/\r?\n/g, "\r\n"));
  const to = encodeURIComponent(mail.dataset.mail).replace("%40", "@");
  mail.href = `mailto:${to}?subject=${said("subject")}&body=${said("text")}`;
});

on("click", "[data-copy]", async (_, button) => {
  const area = button.closest("[data-message]").querySelector("textarea");
  try {
    await navigator.clipboard.writeText(area.value);
  } catch {
    // Without HTTPS there is no clipboard to write to; the browser's own command still copies what is marked.
    area.select();
    if (!document.execCommand("copy")) return toast(t("It could not be copied. Mark the text and copy it."), { tone: "warn" });
  }
  toast(t("The text is copied."));
});
