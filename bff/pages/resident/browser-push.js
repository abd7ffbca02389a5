// Notices on this browser (浏览器通知): allowed by a tap, kept up at each start, ended in one.
//
// A browser is one person's at a time. It is known here by the server's name for the subscription; who signs in
// and does not find that name among their own ends it, so that nobody hears of what another is told.

import { deviceHeader } from "../shared/device.js";
import { report } from "../shared/parts.js";
import { device } from "../shared/storage.js";
import { SCOPE, worker } from "./release.js";

/** @typedef {import("./app.js").Context["session"]} ResidentSession */
/** @typedef {import("../shared/wire.js").PushDevices} PushDevices */

const PATH = "/mp/v1/push/devices";
const KEY = "suishen.push";

/** Whether this browser can be told at all: not in a private window, nor where a phone wants the page installed first. */
export const canBeTold = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** Whether notices come to this browser now. @param {PushDevices} mine */
export async function isTold({ devices }) {
  const name = device.get(KEY);
  return devices.some(({ id }) => id === name) && (await subscription()) !== null;
}

/**
 * Ask the person, the browser and the server, in this order; `refused` by the person, `unable` the browser.
 *
 * @param {ResidentSession} session @param {string} key @param {AbortSignal} signal
 * @returns {Promise<"on" | "refused" | "unable">}
 */
export async function turnOn(session, key, signal) {
  if ((await Notification.requestPermission()) !== "granted") return "refused";
  let subscribed;
  try {
    await worker();
    const { pushManager } = await navigator.serviceWorker.ready;
    // One made for a key the city no longer signs with stands in the way of another.
    await (await pushManager.getSubscription())?.unsubscribe();
    subscribed = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  } catch (error) {
    // Where there is no push service to be had, a browser says so in words of its own.
    if (error instanceof DOMException) return "unable";
    throw error;
  }
  try {
    await register(session, subscribed, signal);
  } catch (error) {
    await subscribed.unsubscribe();
    throw error;
  }
  return "on";
}

/**
 * The browser first: without a network its push service tells the city. One that does not answer holds up nobody who
 * signs out; the name stays until all is done, so that the next to sign in ends what is left.
 *
 * @param {import("../shared/session.js").LastCall} call
 */
export async function turnOff(call) {
  const name = device.get(KEY);
  if (canBeTold()) await Promise.race([unsubscribed().catch(report), new Promise((resolve) => setTimeout(resolve, 3000))]);
  if (name) await call("DELETE", `${PATH}/${name}`);
  device.set(KEY, null);
}

async function unsubscribed() {
  await (await subscription())?.unsubscribe();
}

/** At the start of a session: it is still there, or it was somebody else's. @param {ResidentSession} session */
export async function keepUp(session) {
  const name = device.get(KEY);
  if (!name || !canBeTold()) return;
  const subscribed = await subscription();
  const { devices } = /** @type {PushDevices} */ ((await session.call("GET", PATH)).data);
  if (subscribed && devices.some(({ id }) => id === name)) await register(session, subscribed);
  else {
    device.set(KEY, null);
    await subscribed?.unsubscribe();
  }
}

/** @param {ResidentSession} session @param {PushSubscription} subscribed @param {AbortSignal} [signal] */
async function register(session, subscribed, signal) {
  const { endpoint, keys = {} } = subscribed.toJSON();
  const body = { kind: "webpush", subscription: { endpoint, p256dh: keys.p256dh, auth: keys.auth } };
  const { data } = await session.call("PUT", PATH, { body, headers: deviceHeader(), signal });
  device.set(KEY, data.id);
}

/** @returns {Promise<PushSubscription | null>} */
async function subscription() {
  const registration = await navigator.serviceWorker.getRegistration(SCOPE);
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** @param {string} key URL-safe Base64. */
function bytes(key) {
  return Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
}
