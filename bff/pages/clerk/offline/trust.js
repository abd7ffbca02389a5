// The keys shown codes and health codes are signed with: fetched while there is a network, kept for when there is none.

import { hex } from "./lz1.js";

/**
 * @typedef {object} Trust
 * @property {ReadonlyMap<string, CryptoKey>} keys By kid, in hexadecimal.
 * @property {number} asOf When the server gave them, in milliseconds.
 */

const P256 = { name: "ECDSA", namedCurve: "P-256" };

const SHOWN = "/verifier/v1/trust/jwks.json";
const HEALTH = "/verifier/v1/trust/health-jwks.json";
const CACHE = "clerk-trust";
const PATIENCE = 3000; // milliseconds

/** The keys of shown certificates: the server's list, or the last one it gave. */
export function loadTrust() {
  return load(SHOWN);
}

/** The keys of offline and paper health codes, likewise. */
export function loadHealthTrust() {
  return load(HEALTH);
}

/** @param {string} address @returns {Promise<Trust>} */
async function load(address) {
  const response = await freshest(address);
  const asOf = Date.parse(response.headers.get("Date") ?? "");
  return { keys: await importKeys(await response.json()), asOf: Number.isNaN(asOf) ? Date.now() : asOf };
}

/** Kept by the page and not by its service worker, which does not see the requests of a first visit. @param {string} address */
async function freshest(address) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(address, { cache: "no-cache", credentials: "omit", signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(`the trust list answered ${response.status}`);
    await cache.put(address, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(address);
    if (!kept) throw error;
    return kept;
  }
}

/**
 * @param {{ keys: (JsonWebKey & { kid?: string })[] }} jwks
 * @returns {Promise<ReadonlyMap<string, CryptoKey>>}
 */
export async function importKeys(jwks) {
  /** @type {Map<string, CryptoKey>} */
  const keys = new Map();
  for (const jwk of jwks.keys) {
    // RFC 7517 §5: keys of a kind one does not know are passed over, so that a set can grow.
    if (jwk.kty !== "EC" || jwk.crv !== "P-256" || !jwk.kid) continue;
    const { kty, crv, x, y } = jwk;
    keys.set(hex(fromBase64Url(jwk.kid)), await crypto.subtle.importKey("jwk", { kty, crv, x, y }, P256, false, ["verify"]));
  }
  return keys;
}

/** @param {string} text */
function fromBase64Url(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}
