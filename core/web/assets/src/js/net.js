// Every request of ours: the CSRF token goes along, failures become a sentence.

import { t } from "./dom.js";
import { busy } from "./progress.js";
import { toast, toastsFrom } from "./toasts.js";

export const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** What to tell a person about an answer that is not a success. */
export async function failureText(response) {
  if (response.headers.get("Content-Type")?.includes("json")) {
    const problem = await response.json().catch(() => null);
    if (problem?.detail) return problem.detail;
  }
  if (response.status === 401) return t("Your session has ended. Sign in again; what you typed is kept.");
  if (response.status === 403) return t("You may not do this.");
  if (response.status === 404) return t("This is not there any more.");
  if (response.status === 429) return t("Too many requests at once. Please wait a moment.");
  return t("The server could not do this. Nothing was changed; please try again.");
}

/**
 * Fetch `url`; resolves to the response, or to null after telling the person why there is none.
 * `accept` lists the statuses beyond 2xx that the caller handles itself.
 */
export async function request(url, { method = "GET", body, headers = {}, accept = [], quiet = false, signal, keepalive = false } = {}) {
  const done = quiet ? () => {} : busy();
  try {
    const own = { "HX-Request": "true", ...headers };
    if (method !== "GET") own["X-CSRF-Token"] = csrf();
    const response = await fetch(url, { method, body, headers: own, signal, keepalive, credentials: "same-origin" });
    toastsFrom(response.headers);
    if (response.ok || accept.includes(response.status)) return response;
    toast(await failureText(response), { tone: "bad" });
  } catch (error) {
    if (error.name !== "AbortError" && !quiet) toast(t("The server cannot be reached. Check the network and try again."), { tone: "bad" });
  } finally {
    done();
  }
  return null;
}

/** GET JSON, or null. */
export async function getJson(url, options = {}) {
  const response = await request(url, { quiet: true, ...options, headers: { Accept: "application/json" } });
  return response ? response.json().catch(() => null) : null;
}

export const withQuery = (url, values) => {
  const full = new URL(url, location.href);
  for (const [name, value] of Object.entries(values)) full.searchParams.set(name, value);
  return full.pathname + full.search;
};

// The same for htmx's own requests.
const ends = new WeakMap();
document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  ctx.request.headers["X-CSRF-Token"] = csrf();
});
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => ends.set(ctx, busy()));
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => ends.get(ctx)?.());
document.addEventListener("htmx:before:response", (event) => {
  const { status, headers, raw } = event.detail.ctx.response;
  toastsFrom(headers);
  if (status < 400 || status === 422) return;
  event.preventDefault(); // the page stays as it is; an error page does not belong into a part of it
  failureText(raw).then((text) => toast(text, { tone: "bad" }));
});
document.addEventListener("htmx:error", ({ detail: { ctx, error } }) => {
  if (!ctx?.response && error?.name !== "AbortError")
    toast(t("The server cannot be reached. Check the network and try again."), { tone: "bad" });
});
