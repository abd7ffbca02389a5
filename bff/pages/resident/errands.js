// Leaving for WeChat, Alipay or Citizen Cloud, and what one comes back for: to sign in, to link a way in, to prove anew.
//
// The page is gone meanwhile, so why it left lies in the tab beside a random state; it counts for whoever
// comes back with that state, once.

import { request } from "../shared/http.js";
import { takeAnswer } from "../shared/openid.js";
import { tab } from "../shared/storage.js";

/** @typedef {"wechat" | "alipay"} Provider */
/** @typedef {{ signInUrl: string | null, alipaySignInUrl: string | null, citizenCloud: boolean, faceCheck: boolean, legalPersons: boolean }} Config */
/** @typedef {import("./step-up.js").Asked} Asked */
/** @typedef {{ for: "signIn" } | { for: "link", key: string } | { for: "stepUp", challenge: string, asked: Asked }} Errand */
/** @typedef {{ code: string, provider: Provider, errand: Errand | null }} Arrival */
/** @typedef {{ code: string, state: string, iss?: string }} CameBack */
/** @typedef {Exclude<Errand, { for: "signIn" }>} OwnErrand */

const KEY = "suishen.errand";

/** Where this city's residents sign in. @param {AbortSignal} signal @returns {Promise<Config>} */
export async function config(signal) {
  return (await request("GET", "/resident/config.json", { signal })).data;
}

/** @param {Config} of @param {string} provider @returns {string | null} */
export function addressOf(of, provider) {
  if (provider === "wechat") return of.signInUrl;
  return provider === "alipay" ? of.alipaySignInUrl : null;
}

/** @param {string} signInUrl @param {Errand} errand */
export function leaveOn(signInUrl, errand) {
  const state = crypto.randomUUID();
  tab.set(KEY, JSON.stringify({ state, errand }));
  const address = new URL(signInUrl, location.href);
  address.searchParams.set("redirect_uri", new URL("/resident/", location.href).href);
  address.searchParams.set("state", state);
  location.assign(address);
}

/**
 * Go where the server says the person signs in, on an errand of the account they have.
 *
 * @param {{ authorizationUrl: string, state: string }} begun @param {OwnErrand} errand
 */
export function leaveFor({ authorizationUrl, state }, errand) {
  tab.set(KEY, JSON.stringify({ state, errand }));
  location.assign(authorizationUrl);
}

/**
 * The answer of Citizen Cloud in the address, if this tab left for it on such an errand; taken out of it at once.
 *
 * @returns {{ back: CameBack, errand: OwnErrand } | null}
 */
export function takeOwnAnswer() {
  const kept = /** @type {{ state: string, errand: Errand } | null} */ (JSON.parse(tab.get(KEY) ?? "null"));
  if (!kept || kept.errand.for === "signIn" || new URLSearchParams(location.search).get("state") !== kept.state) return null;
  const back = takeAnswer();
  tab.set(KEY, null);
  return back && { back, errand: kept.errand };
}

/**
 * The code in the address, taken out of it at once: not for the history, not for a shared screenshot. Without
 * an errand nobody here asked for it.
 *
 * @returns {Arrival | null}
 */
export function takeArrival() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const code = fragment.get("code");
  if (!code) return null;
  history.replaceState(null, "", "#/sign-in");
  const kept = /** @type {{ state: string, errand: Errand } | null} */ (JSON.parse(tab.get(KEY) ?? "null"));
  tab.set(KEY, null);
  const expected = kept !== null && kept.state === fragment.get("state");
  return { code, provider: fragment.get("provider") === "alipay" ? "alipay" : "wechat", errand: expected ? kept.errand : null };
}
