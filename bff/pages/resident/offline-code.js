// The offline code (离线码): fetched ahead, kept on this phone, and shown when there is no network.
//
// It says a masked name and a colour and is good for a day at most. It goes with the sign-out, and with
// whoever was here before.

import { isAbort, report } from "../shared/parts.js";
import { device } from "../shared/storage.js";

/** @typedef {import("../shared/wire.js").OfflineHealthCode} OfflineHealthCode */
/** @typedef {import("./app.js").Context} Context */
/** @typedef {{ code: OfflineHealthCode, etag: string | null, fetched: number }} Kept */

const KEY = "suishen.health-offline";
const PATH = "/mp/v1/health-code/offline";
const FRESH = 3_600_000; // milliseconds

/** The one kept, while it is good. */
export function offlineCode() {
  const kept = load();
  return kept && Date.parse(kept.code.expiresAt) > Date.now() ? kept.code : null;
}

/** Fetch it if the one kept is an hour old, or of another colour than `colour`. Only one's own. @param {Context} context @param {string | null} colour */
export async function prefetch({ session, signal, acting }, colour = null) {
  const kept = load();
  const right = kept && (colour === null || kept.code.colour === colour);
  if (acting.now || (right && offlineCode() && Date.now() - kept.fetched < FRESH)) return;
  try {
    const answer = await session.call("GET", PATH, { signal, headers: kept?.etag ? { "If-None-Match": kept.etag } : {} });
    const code = answer.status === 304 ? kept?.code : answer.data;
    device.set(KEY, JSON.stringify({ code, etag: answer.etag ?? kept?.etag ?? null, fetched: Date.now() }));
  } catch (error) {
    // A precaution that failed: the next screen tries again.
    if (!isAbort(error)) report(error);
  }
}

export function forgetOfflineCode() {
  device.set(KEY, null);
}

/** @returns {Kept | null} */
function load() {
  return JSON.parse(device.get(KEY) ?? "null");
}
