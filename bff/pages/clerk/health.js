// Checking a health code (验码): colour, masked name, age of the data, and nothing more.

import { NoReply, Refused } from "../shared/http.js";
import { learnTime, serverNow } from "./clock.js";
import { KeyUnknown, Tampered, Unreadable } from "./offline/errors.js";
import { looksSignedHealth, readSignedHealth } from "./offline/jk1.js";
import { loadHealthTrust } from "./offline/trust.js";

/** @typedef {import("../shared/wire.js").HealthCheck} HealthCheck */
/** @typedef {import("./app.js").Context} Context */

/**
 * A check, also one that this device had to judge itself.
 *
 * @typedef {Omit<HealthCheck, "verdict"> & { verdict: HealthCheck["verdict"] | "KEY_UNKNOWN" | "NOT_YET_VALID" | "ONLINE_ONLY" }} Check
 */

const DYNAMIC = "SHC.";
const TRIES = 3;
const TIMEOUT = 4000;
const PAUSE = 350;
const SKEW = 60; // seconds, as `health_code/offline.py` bears

/** @param {string} text */
export function looksHealth(text) {
  return text.startsWith(DYNAMIC) || looksSignedHealth(text);
}

/**
 * Asked again with the same request id when the reply is lost, so that a code seen by a request whose answer
 * never came still gets that answer; without a network, judged here.
 *
 * @param {Context} context
 * @param {string} code
 * @param {(attempt: number) => void} waiting Told before each further try.
 * @returns {Promise<{ check: Check, offline: boolean }>}
 */
export async function checkHealth({ session, signal }, code, waiting) {
  const requestId = crypto.randomUUID();
  for (let attempt = 1; attempt <= TRIES && navigator.onLine; attempt += 1) {
    if (attempt > 1) {
      waiting(attempt);
      await new Promise((resolve) => setTimeout(resolve, PAUSE * attempt));
    }
    try {
      const { data, date } = await session.call("POST", "/verifier/v1/health-checks", { body: { code, requestId }, timeout: TIMEOUT, signal });
      if (date !== null) learnTime(date);
      return { check: data, offline: false };
    } catch (error) {
      if (!isLost(error)) throw error;
    }
  }
  if (!looksSignedHealth(code)) return { check: answer("ONLINE_ONLY", serverNow(), { kind: "DYNAMIC" }), offline: true };
  const { keys } = await loadHealthTrust().catch((error) => {
    throw new NoReply(String(error));
  });
  return { check: await checkSigned(code, keys, serverNow()), offline: true };
}

/**
 * What form, signature and clock can say of a signed code. Whether the colour has changed since, or the paper
 * was reported lost, is not known here.
 *
 * @param {string} code
 * @param {ReadonlyMap<string, CryptoKey>} keys
 * @param {number} now Seconds since 1970.
 * @returns {Promise<Check>}
 */
export async function checkSigned(code, keys, now) {
  try {
    const { issuedAt, expiresAt, name, colour, asOf } = await readSignedHealth(code, keys);
    const kind = colour === null ? "PAPER" : "OFFLINE";
    if (issuedAt - now > SKEW) return answer("NOT_YET_VALID", now, { kind });
    if (now - expiresAt >= SKEW) return answer("EXPIRED", now, { kind });
    if (asOf === null) return answer("IDENTITY_ONLY", now, { kind, name });
    return answer("OK", now, { kind, name, colour, asOf: new Date(asOf * 1000).toISOString(), ageSeconds: Math.max(0, Math.floor(now - asOf)) });
  } catch (error) {
    if (error instanceof KeyUnknown) return answer("KEY_UNKNOWN", now);
    if (error instanceof Unreadable || error instanceof Tampered) return answer("NOT_A_CODE", now);
    throw error;
  }
}

/** @param {Check["verdict"]} verdict @param {number} now @param {Partial<Check>} [more] @returns {Check} */
function answer(verdict, now, more = {}) {
  const nothing = { kind: null, colour: null, name: null, asOf: null, ageSeconds: null, licence: null };
  return { verdict, checkedAt: new Date(now * 1000).toISOString(), ...nothing, ...more };
}

/** @param {unknown} error */
function isLost(error) {
  return error instanceof NoReply || (error instanceof Refused && [502, 503, 504].includes(error.problem.status));
}
