// Checking a health code (验码): colour, masked name, age of the data, and nothing more.

import { NoReply, Refused } from "../shared/http.js";
import { learnTime, serverNow } from "./clock.js";

/** @typedef {import("../shared/wire.js").HealthCheck} HealthCheck */
/** @typedef {import("./app.js").Context} Context */

/**
 * A check, also one that this device had to judge itself: a code of the moment is nothing without its server.
 *
 * @typedef {Omit<HealthCheck, "verdict"> & { verdict: HealthCheck["verdict"] | "ONLINE_ONLY" }} Check
 */

const PREFIX = "SHC.";
const TRIES = 3;
const TIMEOUT = 4000;
const PAUSE = 350;

/** @param {string} text */
export function looksHealth(text) {
  return text.startsWith(PREFIX);
}

/**
 * @param {Context} context
 * @param {string} code
 * @param {(attempt: number) => void} waiting Told before each further try.
 * @returns {Promise<{ check: Check, offline: boolean }>}
 */
export async function checkHealth({ session, signal }, code, waiting) {
  for (let attempt = 1; attempt <= TRIES && navigator.onLine; attempt += 1) {
    if (attempt > 1) {
      waiting(attempt);
      await new Promise((resolve) => setTimeout(resolve, PAUSE * attempt));
    }
    try {
      const { data, date } = await session.call("POST", "/verifier/v1/health-checks", { body: { code }, timeout: TIMEOUT, signal });
      if (date !== null) learnTime(date);
      return { check: data, offline: false };
    } catch (error) {
      if (!isLost(error)) throw error;
    }
  }
  return { check: nothing("ONLINE_ONLY"), offline: true };
}

/** @param {Check["verdict"]} verdict @returns {Check} */
function nothing(verdict) {
  return { verdict, checkedAt: new Date(serverNow() * 1000).toISOString(), colour: null, name: null, asOf: null, ageSeconds: null };
}

/** @param {unknown} error */
function isLost(error) {
  return error instanceof NoReply || (error instanceof Refused && [502, 503, 504].includes(error.problem.status));
}
