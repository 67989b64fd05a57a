// Background jobs: how far they are, in any element with data-job="NUMBER", and in the top bar.

import { h, store } from "./dom.js";
import { getJson } from "./net.js";
import { isLive } from "./stream.js";
import { toast } from "./toasts.js";

const OVER = ["done", "parked", "cancelled"];
const EVERY = { away: 2_000, live: 15_000 }; // milliseconds between looks nobody asked for
const KEY = "gx-jobs"; // set while this browser knows of a job at work
const shown = new Set(); // elements that still change
const asked = new Map(); // number -> the answer on its way

/** What the server says about a job; one request for all who ask at once. */
function ask(number) {
  if (!asked.has(number)) {
    const answer = getJson(`/settings/jobs/${number}`, { accept: [404] }).finally(() => asked.delete(number));
    asked.set(number, answer);
  }
  return asked.get(number);
}

function draw(element, job) {
  element.classList.add("gx-job");
  element.dataset.state = job.state;
  if (!element.querySelector("progress")) {
    const label = h("p", { role: "status" });
    element.replaceChildren(h("progress", { max: 100, "aria-label": job.title }), label);
  }
  const bar = element.querySelector("progress");
  bar.hidden = OVER.includes(job.state);
  if (job.percent === null) bar.removeAttribute("value");
  else bar.value = job.percent;
  const label = element.querySelector("p");
  if (label.textContent !== job.text) label.textContent = job.text;
}

async function refresh(element) {
  const job = await ask(element.dataset.job);
  if (!job?.id || !element.isConnected) {
    if (job && !job.id) shown.delete(element); // it is not there any more
    return;
  }
  const before = element.dataset.state;
  draw(element, job);
  if (!OVER.includes(job.state)) return;
  shown.delete(element);
  if (before && !OVER.includes(before))
    element.dispatchEvent(new CustomEvent("gx:job", { bubbles: true, detail: job }));
}

function find() {
  for (const element of document.querySelectorAll("[data-job]:not(.gx-job-known)")) {
    element.classList.add("gx-job-known");
    shown.add(element);
    store.set(KEY, "1");
    refresh(element);
  }
  for (const element of shown) if (!element.isConnected) shown.delete(element);
}

// The top bar: a ring while one of the reader's own jobs is at work, on whatever page he is.
const ring = document.querySelector("[data-jobs-ring]");
let known = new Map();

async function look() {
  if (!ring) return;
  const found = await getJson("/settings/jobs/active");
  if (!found) return;
  const now = new Map(found.jobs.map((job) => [job.id, job]));
  for (const [id, job] of known) if (!now.has(id)) announce(job);
  known = now;
  ring.hidden = now.size === 0;
  ring.title = found.text;
  ring.querySelector(".gx-sr").textContent = found.text;
  const parts = found.jobs.map((job) => job.percent ?? 0);
  const part = parts.length ? parts.reduce((sum, each) => sum + each, 0) / parts.length : 0;
  ring.querySelector("circle:last-of-type")?.setAttribute("stroke-dasharray", `${part} 100`);
  store.set(KEY, now.size ? "1" : null);
}

/** Say that a job has ended, unless the page shows it anyway. */
async function announce(job) {
  if (document.querySelector(`[data-job="${job.id}"], [data-topic="job:${job.id}"]`) || document.hidden) return;
  const ended = await ask(job.id);
  if (ended?.id && OVER.includes(ended.state))
    toast(ended.told, { tone: { done: "ok", parked: "bad" }[ended.state] ?? "info" });
}

let planned;
function lookSoon(wait = 0) {
  clearTimeout(planned);
  planned = setTimeout(async () => {
    await look();
    if (known.size) lookSoon(isLive() ? EVERY.live : EVERY.away);
  }, wait);
}

document.addEventListener("gx:event", ({ detail: { topic } }) => {
  const isAll = topic === "*";
  for (const element of shown) if (isAll || topic === `job:${element.dataset.job}`) refresh(element);
  if (topic.startsWith("job:") || (isAll && known.size)) lookSoon(150);
});
document.addEventListener("htmx:after:swap", find);
document.addEventListener("gx:jobs", find); // after markup was put in by hand
find();
if (store.get(KEY)) lookSoon(600);

let last = 0;
setInterval(() => {
  if (!shown.size || document.hidden || Date.now() - last < (isLive() ? EVERY.live : EVERY.away)) return;
  last = Date.now();
  find();
  for (const element of shown) refresh(element);
}, 500);

// A page that looks different once a job has ended, as the menu does when an addon came on.
document.addEventListener("gx:job", (event) => {
  if (event.target.closest("[data-job-reload]") && !document.querySelector("dialog[open]")) location.reload();
});

// A table of jobs that says so is looked at again when one of them moves.
let again;
document.addEventListener("gx:event", ({ detail: { topic } }) => {
  const table = document.querySelector("[data-jobs-page]");
  if (!table || !(topic === "*" || topic.startsWith("job:"))) return;
  clearTimeout(again);
  again = setTimeout(() => {
    if (!document.querySelector("dialog[open]") && !table.contains(document.activeElement)) table.dispatchEvent(new Event("gx:refresh"));
  }, 300);
});
