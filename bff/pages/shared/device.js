// This browser's name for itself, made once. A refresh token presented again by the same device is a lost
// reply, and is answered; presented by another it is a copy, and ends the session.

import { device } from "./storage.js";

const KEY = "suishen.device";

/** The header that goes with signing in and with each refresh. */
export function deviceHeader() {
  let name = device.get(KEY);
  if (!name) {
    name = crypto.randomUUID();
    device.set(KEY, name);
  }
  return { "X-Device-Id": name };
}
