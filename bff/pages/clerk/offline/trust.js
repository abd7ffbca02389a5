// The keys shown codes are signed with, fetched while there is a network. The service worker keeps the
// last answer, so the same fetch works without one.

import { hex } from "./lz1.js";

/**
 * @typedef {object} Trust
 * @property {ReadonlyMap<string, CryptoKey>} keys By kid, in hexadecimal.
 * @property {number} asOf When the server gave them, in milliseconds.
 */

const P256 = { name: "ECDSA", namedCurve: "P-256" };

/** @returns {Promise<Trust>} */
export async function loadTrust() {
  const response = await fetch("/verifier/v1/trust/jwks.json", { cache: "no-cache", credentials: "omit" });
  if (!response.ok) throw new Error(`the trust list answered ${response.status}`);
  const asOf = Date.parse(response.headers.get("Date") ?? "");
  return { keys: await importKeys(await response.json()), asOf: Number.isNaN(asOf) ? Date.now() : asOf };
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
