// One scan, one answer. Asked again with the same request id when the reply is lost, so that a code used
// up by a request whose answer never came still gets that answer; without a network, judged here.

import { dictionary } from "../shared/dictionary.js";
import { NoReply, Refused } from "../shared/http.js";
import { learnTime, serverNow } from "./clock.js";
import { checkOffline } from "./offline/check.js";
import { looksSigned, presentationId, readSigned } from "./offline/lz1.js";
import { loadTrust } from "./offline/trust.js";

/** @typedef {import("../shared/wire.js").ClerkSession} ClerkSession */
/** @typedef {import("../shared/wire.js").Verification} Verification */
/** @typedef {{ verification: Verification, offline: boolean }} Judgement */
/** @typedef {import("./app.js").Shift} Shift */
/** @typedef {import("./offline/seen.js").SeenCodes} SeenCodes */

const TRIES = 3;
const TIMEOUT = 4000;
const PAUSE = 350;

/**
 * @param {string} code
 * @param {object} by
 * @param {import("../shared/session.js").Session<ClerkSession, Shift>} by.session
 * @param {SeenCodes} by.seen
 * @param {AbortSignal} by.signal
 * @param {(attempt: number) => void} by.waiting Told before each further try.
 * @returns {Promise<Judgement>}
 */
export async function verify(code, { session, seen, signal, waiting }) {
  const requestId = crypto.randomUUID();
  for (let attempt = 1; attempt <= TRIES && navigator.onLine; attempt += 1) {
    if (attempt > 1) {
      waiting(attempt);
      await new Promise((resolve) => setTimeout(resolve, PAUSE * attempt));
    }
    try {
      const { data, date } = await session.call("POST", "/verifier/v1/verifications", {
        body: { code, requestId },
        timeout: TIMEOUT,
        signal,
      });
      if (date !== null) learnTime(date);
      if (data.valid) await rememberUsed(code, seen);
      return { verification: data, offline: false };
    } catch (error) {
      if (!isLost(error)) throw error;
    }
  }
  return { verification: await withoutServer(code, session.kept, seen), offline: true };
}

/**
 * Whether the server may or may not have acted: no reply, or a gateway's or an overloaded server's.
 *
 * @param {unknown} error
 */
function isLost(error) {
  return error instanceof NoReply || (error instanceof Refused && [502, 503, 504].includes(error.problem.status));
}

/**
 * @param {string} code
 * @param {Shift | null} shift
 * @param {SeenCodes} seen
 */
async function withoutServer(code, shift, seen) {
  const [trust, words] = await Promise.all([loadTrust(), dictionary()]).catch((error) => {
    throw new NoReply(String(error));
  });
  const scenes = new Set(shift?.scenes.map(({ scene }) => scene));
  return await checkOffline(code, { trust, dictionary: words, scenes, seen, now: serverNow() });
}

/**
 * A code the server has just used up is not good again here when the network goes.
 *
 * @param {string} code @param {SeenCodes} seen
 */
async function rememberUsed(code, seen) {
  if (!looksSigned(code)) return;
  try {
    const { keys } = await loadTrust();
    const envelope = await readSigned(code, keys);
    seen.add(await presentationId(envelope.tokenId), envelope.expiresAt + 5, serverNow());
  } catch {
    // The answer is what counts; this was a precaution.
  }
}
