// What changes, for as long as somebody looks: by an event stream, or else by asking now and then. Whoever is refused a stream is one of many, so nobody asks at the same moment as the others.

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
export async function follow(context, told) {
  const { session, signal } = context;
  /** @type {string | null} */
  let etag = null;
  await hear(context, EVENTS, {
    heard: (event, data) => {
      if (event !== "code") return;
      told.live(true);
      told.code(data);
    },
    lost: () => told.live(false),
    instead: async () => {
      const answer = await session.call("GET", CODE, { signal, headers: etag ? { "If-None-Match": etag } : {} });
      etag = answer.etag ?? etag;
      if (answer.status !== 304) told.code(answer.data);
    },
  });
}

/**
 * Hear of a stream until the screen is left, for as long as somebody looks; while it cannot be had, ask now and then.
 *
 * @param {Context} context
 * @param {string} path
 * @param {object} told
 * @param {(event: string, data: any) => void} told.heard
 * @param {() => Promise<void>} told.instead Asks for what the stream would tell.
 * @param {() => void} [told.lost] The stream cannot be had for now.
 * @param {() => string} [told.since] The id of the last event that is known: what came after it is told first.
 */
export async function hear({ session, signal }, path, { heard, instead, lost = () => undefined, since = () => "" }) {
  while (!signal.aborted) {
    await visible(signal);
    if (signal.aborted) return;
    const looking = whileLooking(signal);
    try {
      await session.listen(path, { signal: looking, heard, since: since() });
      await pause(jittered(AGAIN), signal);
    } catch (error) {
      if (signal.aborted) return;
      if (looking.aborted) continue; // put away, and taken out again
      if (mayNot(error)) return;
      if (!isAbort(error)) report(error);
      lost();
      for (let asked = 0; asked < POLLS && !signal.aborted; asked += 1) {
        await visible(signal);
        await instead().catch((failed) => (isAbort(failed) ? undefined : report(failed)));
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
