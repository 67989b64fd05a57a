// Imports: a file is dropped and sent with its progress, columns are mapped, a run is watched.

import { setLookup } from "./combobox.js";
import { on, t } from "./dom.js";
import { csrf, failureText, request } from "./net.js";

// The file.
function send(form, file) {
  const error = form.querySelector("[data-drop-error]");
  const panel = form.querySelector("[data-drop-progress]");
  const bar = panel.querySelector("progress");
  const percent = panel.querySelector("[data-drop-percent]");
  const fail = (text) => {
    error.querySelector(".gx-banner-text").textContent = text;
    error.hidden = !text;
    panel.hidden = true;
    form.sending = null;
    form.querySelector("input[type='file']").value = "";
  };
  if (form.sending) return;
  if (file.size > Number(form.dataset.max)) return fail(form.dataset.tooLarge);
  error.hidden = true;
  panel.hidden = false;
  panel.querySelector("[data-drop-name]").textContent = file.name;
  bar.value = 0;
  percent.textContent = "0 %";
  const sending = (form.sending = new XMLHttpRequest());
  sending.open("POST", form.action);
  sending.setRequestHeader("X-CSRF-Token", csrf());
  sending.setRequestHeader("HX-Request", "true");
  sending.setRequestHeader("Accept", "application/json");
  sending.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.value = (100 * loaded) / total;
    percent.textContent = loaded < total ? `${Math.floor(bar.value)} %` : t("Reading the file…");
  });
  sending.addEventListener("load", async () => {
    const answer = new Response(sending.responseText, {
      status: sending.status,
      headers: { "Content-Type": sending.getResponseHeader("Content-Type") ?? "" },
    });
    if (answer.ok) location.assign((await answer.json()).redirect);
    else fail(await failureText(answer));
  });
  sending.addEventListener("error", () => fail(t("The server cannot be reached. Check the network and try again.")));
  sending.addEventListener("abort", () => fail(""));
  const data = new FormData();
  data.set("file", file);
  sending.send(data);
}

on("change", "[data-drop] input[type='file']", (_, input) => {
  if (input.files.length) send(input.form, input.files[0]);
});
on("click", "[data-drop-cancel]", (_, button) => button.form.sending?.abort());
for (const type of ["dragover", "dragenter"])
  on(type, "[data-drop]", (event, form) => {
    event.preventDefault();
    form.classList.add("gx-dropping");
  });
on("dragleave", "[data-drop]", (event, form) => form.contains(event.relatedTarget) || form.classList.remove("gx-dropping"));
on("drop", "[data-drop]", (event, form) => {
  event.preventDefault();
  form.classList.remove("gx-dropping");
  if (event.dataTransfer.files.length) send(form, event.dataTransfer.files[0]);
});
addEventListener("pageshow", ({ persisted }) => {
  // Back from the next page: the same file may be chosen again.
  if (persisted) for (const input of document.querySelectorAll("[data-drop] input[type='file']")) input.value = "";
});

// The columns.
const form = () => document.querySelector("form[data-columns]");
const rows = () => [...form().querySelectorAll("[data-map]")];
const fieldOf = (row) => row.querySelector("[data-map-field]").value;
/** A link by its number and by its name are one field. */
const placeOf = (name) => name.replace(/^(?!\w+\.\d+\.)(\w+)\.(id|number|code|email|name)$/, (all, link) => (links().has(link) ? link : all));
const links = () => new Set((form().dataset.links ?? "").split(" "));

function count() {
  if (!form()) return;
  const taken = new Map();
  let used = 0;
  for (const row of rows()) {
    const field = fieldOf(row);
    used += field !== "";
    row.classList.toggle("gx-map-none", !field);
    const before = field && field !== "+note" ? taken.get(placeOf(field)) : undefined;
    row.classList.toggle("gx-map-taken", before !== undefined);
    const why = row.querySelector("[data-map-why]");
    if (before !== undefined) {
      why.textContent = t("“%(column)s” goes to this field already.", { column: before });
      row.warned = true;
    } else if (row.warned) {
      why.textContent = "";
      row.warned = false;
    }
    if (field && before === undefined) taken.set(placeOf(field), row.querySelector("b").textContent);
  }
  const text = t("%(used)s of %(all)s columns are imported", { used, all: rows().length });
  const shown = form().querySelector("[data-map-count]");
  if (shown.textContent !== text) shown.textContent = text;
  form().querySelector("[data-notes-all]").disabled = used === rows().length;
  keys();
}

/** Records can be recognised only by a column that goes to such a field. */
function keys() {
  const select = form().querySelector("[data-import-key]");
  const fields = new Set(rows().map(fieldOf));
  for (const option of select.options) option.hidden = option.disabled = option.value !== "" && !fields.has(option.value);
  if (select.selectedOptions[0]?.disabled) select.value = "";
  modes();
}

/** Without a key every row is a new record. */
function modes() {
  const hasKey = form().querySelector("[data-import-key]").value !== "";
  const radios = [...form().querySelectorAll("input[name='mode']")];
  for (const radio of radios) radio.disabled = !hasKey && radio.value !== "insert";
  if (radios.some((radio) => radio.checked && radio.disabled)) radios.find((radio) => radio.value === "insert").checked = true;
  else if (hasKey && !form().modeChosen && radios.every((radio) => !radio.checked || radio.value === "insert"))
    radios.find((radio) => radio.value === "upsert").checked = true;
}

async function options(row) {
  const data = new FormData();
  const prefix = `c${row.dataset.map}.`;
  for (const [name, value] of new FormData(form())) if (name.startsWith(prefix)) data.append(name, value);
  data.set("place", row.dataset.map);
  const answer = await request(form().dataset.options, { method: "POST", body: new URLSearchParams(data), quiet: true });
  if (!answer) return;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  row.querySelector("[data-map-options]").replaceWith(holder.content.querySelector("[data-map-options]"));
}

on("change", "[data-map-field]", (_, input) => {
  const row = input.closest("[data-map]");
  row.querySelector("[data-map-why]").textContent = "";
  count();
  options(row);
});
on("change", "[data-import-key]", modes);
// Enter chooses; it does not send a form that is not finished.
on("keydown", "form[data-columns] input:not([type='radio'], [type='checkbox'])", (event) => {
  if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) event.preventDefault();
});
on("change", "input[name='mode']", () => (form().modeChosen = true));
on("click", "[data-notes-all]", async (_, button) => {
  for (const row of rows().filter((each) => !fieldOf(each))) {
    const hidden = row.querySelector("[data-map-field]");
    hidden.value = "+note";
    setLookup(hidden, button.dataset.label);
    hidden.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// A second click on what is being done already does nothing.
on("submit", "form", (event, sent) => {
  const button = event.submitter;
  if (!button?.matches("[data-submit-once]")) return;
  if (sent.once) return event.preventDefault();
  sent.once = true;
  setTimeout(() => (sent.once = false), 8000);
});

// What is swapped keeps the focus; where its button is gone, the sentence gets it: whoever is about to press Cancel
// must not press what has taken its place.
let wasHere = false;
document.addEventListener("htmx:before:swap", () => {
  wasHere = Boolean(document.activeElement?.closest("#import-part"));
});
document.addEventListener("htmx:after:swap", () => {
  const title = document.querySelector("#import-part h2");
  if (!wasHere || !title || document.activeElement !== document.body) return;
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
});

// A run, as soon as the server says that it has moved.
document.addEventListener("gx:event", ({ detail }) => {
  const part = document.querySelector(`#import-part[data-topic="${CSS.escape(detail.topic)}"]`);
  if (part) part.dispatchEvent(new Event("gx:refresh"));
});

count();
