// Signing in at an OpenID provider: leaving for it, and what one comes back with.
//
// The server ties a sign-in to this browser's name for itself, so an answer that somebody else's link brings
// along opens nothing here.

import { deviceHeader } from "./device.js";
import { request } from "./http.js";

/** Whether an answer is in the address. */
export function hasAnswer() {
  const query = new URLSearchParams(location.search);
  return query.has("code") && query.has("state");
}

/**
 * The answer in the address, taken out of it at once: not for the history, not for a shared screenshot.
 *
 * @returns {{ code: string, state: string, iss?: string } | null}
 */
export function takeAnswer() {
  const query = new URLSearchParams(location.search);
  const [code, state, iss] = [query.get("code"), query.get("state"), query.get("iss")];
  if (!code || !state) return null;
  history.replaceState(null, "", `${location.pathname}#/sign-in`);
  return iss === null ? { code, state } : { code, state, iss };
}

/**
 * Go where the server says the person signs in.
 *
 * @param {string} path
 * @param {object | undefined} body
 * @param {AbortSignal} signal
 */
export async function leaveFor(path, body, signal) {
  const { data } = await request("POST", path, { ...(body ? { body } : {}), headers: deviceHeader(), signal });
  location.assign(data.authorizationUrl);
}
