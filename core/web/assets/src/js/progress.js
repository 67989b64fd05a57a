// The bar on top: shown in the same frame as the click, gone with the answer.

let waiting = 0;
let forgotten;

function show() {
  document.documentElement.classList.toggle("gx-busy", waiting > 0);
}

/** Say that work has begun; returns the function that says it is over. */
export function busy() {
  waiting += 1;
  show();
  let over = false;
  return () => {
    if (over) return;
    over = true;
    waiting = Math.max(0, waiting - 1);
    show();
  };
}

/** A whole page is on its way; a download never tells when it has come, so there is an end to waiting. */
function leaving() {
  const done = busy();
  clearTimeout(forgotten);
  forgotten = setTimeout(done, 20_000);
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return;
  leaving();
});

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method === "dialog") return;
  if (event.target.dataset.sent && event.target.id !== "gx-post") {
    event.preventDefault(); // the first click is already on its way
    return;
  }
  event.target.dataset.sent = "1";
  leaving();
});

window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  waiting = 0;
  show();
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
