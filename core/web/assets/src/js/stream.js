// What changes elsewhere: one event stream for all tabs of the browser, passed on as `gx:event`.
//
// One tab leads: it holds a lock, has the stream and tells the others. When it closes, the lock passes
// to the next. Where there are no locks (plain HTTP), each tab has a stream while it is looked at.

const address = document.querySelector('meta[name="gx-stream"]')?.content;
const channel = address && "BroadcastChannel" in window ? new BroadcastChannel("gx-stream") : null;
const WAITS = [1, 2, 4, 8, 15, 30]; // seconds between tries while the server is away
let live = false;
let leaving = new AbortController();
let source = null;

/** Whether changes are heard at present; who waits for something asks more often where not. */
export const isLive = () => live;

function tell(topics) {
  for (const topic of topics) document.dispatchEvent(new CustomEvent("gx:event", { detail: { topic } }));
}

function setLive(now) {
  live = now;
  document.documentElement.toggleAttribute("data-live", now);
}

function spread(message) {
  if ("live" in message) setLive(message.live);
  tell(message.topics ?? []);
  channel?.postMessage(message);
}

/** Wait, unless the network comes back or the page goes away. */
function pause(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000 * (0.8 + Math.random() * 0.4));
    const now = () => {
      clearTimeout(timer);
      resolve();
    };
    window.addEventListener("online", now, { once: true, signal });
    signal.addEventListener("abort", now, { once: true });
  });
}

/** A ticket; null when nobody is signed in any more, undefined when the server is away. */
async function ticket(signal) {
  try {
    const response = await fetch(`${address}/ticket`, { signal, credentials: "same-origin" });
    return response.ok ? (await response.json()).ticket : undefined;
  } catch {
    return undefined;
  }
}

/** Hold one stream; resolves to why it ended. */
function listen(pass, signal) {
  return new Promise((resolve) => {
    source = new EventSource(`${address}?ticket=${encodeURIComponent(pass)}`);
    const end = (why) => {
      source.close();
      resolve(why);
    };
    source.onopen = () => spread({ live: true });
    source.onmessage = ({ data }) => spread({ topics: JSON.parse(data) });
    source.addEventListener("end", ({ data }) => end(data));
    source.onerror = () => end("lost");
    signal.addEventListener("abort", () => end("left"), { once: true });
  });
}

async function lead(signal) {
  let failures = 0;
  while (!signal.aborted) {
    const pass = await ticket(signal);
    if (pass === null) return;
    if (pass) {
      const began = Date.now();
      const why = await listen(pass, signal);
      if (why !== "left") spread({ live: false });
      if (why === "signed-out" || signal.aborted) return;
      if (why === "again" || Date.now() - began > 30_000) failures = 0;
    }
    await pause(WAITS[Math.min(failures, WAITS.length - 1)], signal);
    failures += 1;
  }
}

function begin() {
  leaving = new AbortController();
  const { signal } = leaving;
  if (navigator.locks && channel) {
    channel.postMessage({ ask: true });
    navigator.locks.request("gx-stream", { signal }, () => lead(signal)).catch(() => {});
    return;
  }
  if (document.visibilityState === "visible") lead(signal);
}

if (address) {
  channel?.addEventListener("message", ({ data }) => {
    if (data.ask) {
      if (source?.readyState === EventSource.OPEN) channel.postMessage({ live: true });
      return;
    }
    if ("live" in data) setLive(data.live);
    tell(data.topics ?? []);
  });
  // A page that is left at once asks for nothing.
  const start = () => setTimeout(begin, 250);
  if (document.readyState === "complete") start();
  else window.addEventListener("load", start, { once: true });
  window.addEventListener("pagehide", () => leaving.abort());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) begin();
  });
  if (!navigator.locks) {
    document.addEventListener("visibilitychange", () => {
      leaving.abort();
      if (document.visibilityState === "visible") begin();
    });
  }
}
