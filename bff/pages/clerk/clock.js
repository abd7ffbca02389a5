// The server's time, as far as this device has heard it.
//
// A counter's computer that runs minutes wrong would call every code expired. Each answer carries the
// server's time; the difference is kept, and used when there is no server to ask.

import { device } from "../shared/storage.js";

const KEY = "suishen.clock";

/** Learn from an answer that says it is `serverTime` there now. @param {number} serverTime Milliseconds. */
export function learnTime(serverTime) {
  device.set(KEY, String(Math.round(serverTime - Date.now())));
}

/** Seconds since 1970, by the server's clock. */
export function serverNow() {
  return (Date.now() + (Number(device.get(KEY)) || 0)) / 1000;
}
