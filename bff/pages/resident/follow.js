// The health code as it changes, for as long as somebody looks: by the event stream, or else by asking now
// and then. Whoever is refused a stream is one of many, so nobody asks at the same moment as the others.

import { NoReply, Refused } from "../shared/http.js";
import { isAbort, report } from "../shared/parts.js";
import { jittered, pause, visible } from "../shared/pause.js";

/** @typedef {import("../shared/wire.js").HealthCode} HealthCode */
/** @typedef {import("./app.js").Context} Context */

const CODE = "/mp/v1/health-code";
const EVENTS = `${CODE}/events`;
const AGAIN = 1_000; // milliseconds: the server ends a stream with its token, and that is no fault
const POLL = 10_000;
const POLLS = 5; // before a stream is asked for again

/**
 * Tell of the code now and at each change until the screen is left.
 *
 * @param {Context} context
 * @param {object} told
 * @param {(code: HealthCode) => void} told.code
 * @param {(live: boolean) => void} told.live Whether a change is heard of at once.
 */
export async function follow({ session, signal }, told) {
  /** @type {string | null} */
  let etag = null;
  const read = async () => {
    const answer = await session.call("GET", CODE, { signal, headers: etag ? { "If-None-Match": etag } : {} });
    etag = answer.etag ?? etag;
    if (answer.status !== 304) told.code(answer.data);
  };
  while (!signal.aborted) {
    await visible(signal);
    if (signal.aborted) return;
    const looking = whileLooking(signal);
    try {
      await session.listen(EVENTS, {
        signal: looking,
        heard: (event, data) => {
          if (event !== "code") return;
          told.live(true);
          told.code(data);
        },
      });
      await pause(jittered(AGAIN), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (looking.aborted) continue; // put away, and taken out again
      if (mayNot(error)) return;
      if (!isAbort(error)) report(error);
      told.live(false);
      for (let asked = 0; asked < POLLS && !signal.aborted; asked += 1) {
        await visible(signal);
        await read().catch((lost) => (isAbort(lost) ? undefined : report(lost)));
        await pause(jittered(POLL), signal);
      }
    }
  }
}

/** Whether it is no use asking again. @param {unknown} error */
export function mayNot(error) {
  return error instanceof Refused && error.problem.status === 403;
}

/** Whether it may well go better in a moment. @param {unknown} error */
export function mayPass(error) {
  return error instanceof NoReply || (error instanceof Refused && (error.problem.status >= 500 || error.problem.status === 429));
}

/** Fires when the screen is left, and when the phone is put away: no line is held that nobody looks at. @param {AbortSignal} signal */
function whileLooking(signal) {
  const life = new AbortController();
  const put = () => document.hidden && life.abort(new DOMException("put away", "AbortError"));
  document.addEventListener("visibilitychange", put, { signal: life.signal });
  signal.addEventListener("abort", () => life.abort(signal.reason), { signal: life.signal });
  return life.signal;
}
