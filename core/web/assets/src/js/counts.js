// A long list is counted to its end after it is shown.

import { getJson } from "./net.js";

let timer;
document.addEventListener("gx:list", () => {
  clearTimeout(timer);
  const place = document.querySelector("[data-count]");
  if (!place) return;
  timer = setTimeout(async () => {
    const found = await getJson(place.dataset.count);
    if (found?.total && place.isConnected) place.textContent = found.total;
  }, 400);
});
