// Parts of a page that show how far a job is: `[data-watch="job:5"][data-watch-url]` fetch themselves anew.

import { on } from "./dom.js";
import { request } from "./net.js";
import { isLive } from "./stream.js";

const EVERY = { away: 2_000, live: 15_000 }; // milliseconds between looks nobody asked for

/** Put what `answer` shows in the place of `part`; the focus stays where it was, if that is still there. */
async function replace(part, answer) {
  if (!answer || !part.isConnected) return;
  const holder = document.createElement("template");
  holder.innerHTML = (await answer.text()).trim();
  const made = holder.content.firstElementChild;
  const had = part.contains(document.activeElement);
  if (!made) return;
  part.replaceWith(made);
  if (had) (made.querySelector("a[href], button") ?? made).focus();
}

async function refresh(part) {
  if (part.dataset.watching) return;
  part.dataset.watching = "1";
  await replace(part, await request(part.dataset.watchUrl, { quiet: true }));
  delete part.dataset.watching;
}

const watched = () => document.querySelectorAll("[data-watch]");
document.addEventListener("gx:event", ({ detail }) => {
  for (const part of watched()) if (detail.topic === part.dataset.watch || detail.topic === "*") refresh(part);
});
// The stream may be cut off by a proxy: what is not told is asked for.
let looked = Date.now();
setInterval(() => {
  if (document.hidden || Date.now() - looked < (isLive() ? EVERY.live : EVERY.away)) return;
  looked = Date.now();
  for (const part of watched()) refresh(part);
}, 1000);

on("click", "[data-watch-post]", async (_, button) => {
  const part = button.closest("[data-watch]");
  button.disabled = true;
  const answer = await request(button.dataset.watchPost, { method: "POST" });
  button.disabled = false;
  if (part) await replace(part, answer);
});
