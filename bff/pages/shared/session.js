// A signed-in person: an access token in memory, a refresh token in this tab.
//
// The refresh token is in sessionStorage, so that a reload does not sign anyone out. A script injected
// into the page could read it there; the strict CSP (no inline, no other host) is what stands against
// that, the token is single use, and it dies with the tab. A cookie would be out of a script's reach but
// would sign in every tab of a shared counter machine and need CSRF protection on each call. A duplicated
// tab copies the storage: of two that refresh at about the same time both go on, of two that do so later
// the second is taken for a thief, and both sign in again.

import { deviceHeader } from "./device.js";
import { listen, Refused, request } from "./http.js";
import { tab } from "./storage.js";

/** @typedef {import("./http.js").Answer} Answer */
/** @typedef {import("./http.js").Call} Call */
/** @typedef {(method: "DELETE", path: string) => Promise<unknown>} LastCall */

/** Whether a token says no more: it ended, or the leave it spoke by did. @param {import("./wire.js").Problem} problem */
const isSpent = ({ status, code }) => status === 401 || code === "GRANT_NOT_IN_FORCE";

/**
 * @template {{ accessToken: string, refreshToken: string }} Tokens
 * @template Kept
 */
export class Session {
  /** @type {string | null} */
  #access = null;
  /** @type {{ refresh: string, kept: Kept } | null} */
  #stored = null;
  /** @type {Promise<void> | null} */
  #refreshing = null;
  #key;
  #base;
  #keep;
  #ended;
  #speaks;

  /**
   * @param {object} options
   * @param {string} options.base Path of the session resource; `/refresh` lies below it.
   * @param {string} options.key Name in sessionStorage.
   * @param {(tokens: Tokens) => Kept} options.keep What to keep beside the token across a reload.
   * @param {() => void} options.ended Called when the session is over and the person must sign in again.
   * @param {(access: string) => Promise<string>} [options.speaks] Trades a renewed token of one's own for the
   *   one to call with: who acts for another must not fall back to their own name because a token ran out.
   */
  constructor({ base, key, keep, ended, speaks = async (access) => access }) {
    this.#base = base;
    this.#key = key;
    this.#keep = keep;
    this.#ended = ended;
    this.#speaks = speaks;
    this.#stored = this.#load();
  }

  get open() {
    return this.#stored !== null;
  }

  /** What was kept of the sign-in; null when signed out. */
  get kept() {
    return this.#stored?.kept ?? null;
  }

  /** @param {Tokens} tokens */
  adopt(tokens) {
    this.#access = tokens.accessToken;
    this.#stored = { refresh: tokens.refreshToken, kept: this.#keep(tokens) };
    this.#save();
  }

  /** Call with this access token of the same session from now on. @param {string} access */
  use(access) {
    this.#access = access;
  }

  /** Have the server look again: a level proved meanwhile is in the next token. */
  async renew() {
    this.#access = null;
    await this.#refresh();
  }

  /**
   * Call with the access token. Expiry is left to the server to judge: a phone's clock is no authority.
   *
   * @param {"GET" | "POST" | "PUT" | "DELETE"} method
   * @param {string} path
   * @param {Call} [call]
   * @returns {Promise<Answer>}
   */
  async call(method, path, call = {}) {
    return await this.#speak((token) => request(method, path, { ...call, token }));
  }

  /**
   * Hear of events until the server ends the stream, which it does when the token ends.
   *
   * @param {string} path
   * @param {{ signal: AbortSignal, heard: (event: string, data: any) => void, since?: string }} call
   */
  async listen(path, call) {
    await this.#speak((token) => listen(path, { ...call, token }));
  }

  /**
   * Ask with the token one has, and once more with a new one if it is spent.
   *
   * @template Reply
   * @param {(token: string | null) => Promise<Reply>} ask
   */
  async #speak(ask) {
    if (this.#access === null) await this.#refresh();
    const token = this.#access;
    try {
      return await ask(token);
    } catch (error) {
      if (!(error instanceof Refused) || !isSpent(error.problem)) throw error;
      // Another call may have refreshed while this one was on its way.
      if (this.#access === token || this.#access === null) await this.#refresh();
      return await ask(this.#access);
    }
  }

  /**
   * Sign out, here at once and on the server if it can be reached.
   *
   * @param {(call: LastCall) => Promise<void>} [farewell] What is still to be said there before.
   */
  async end(farewell = async () => undefined) {
    const token = this.#access;
    this.#forget();
    if (token === null) return;
    await farewell((method, path) => request(method, path, { token, timeout: 3000 })).catch(() => undefined);
    await request("DELETE", this.#base, { token, timeout: 3000 }).catch(() => undefined);
  }

  /** Single flight: the refresh token works once, so two calls at a time must share one refresh. */
  #refresh() {
    this.#refreshing ??= this.#trade().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #trade() {
    const refreshToken = this.#stored?.refresh;
    if (!refreshToken) throw this.#over();
    let data;
    try {
      ({ data } = await request("POST", `${this.#base}/refresh`, { body: { refreshToken }, headers: deviceHeader() }));
      this.adopt(data);
      // Not the caller's to use before it is known in whose name they call.
      this.#access = null;
    } catch (error) {
      if (error instanceof Refused && [400, 401, 403].includes(error.problem.status)) throw this.#over();
      throw error;
    }
    this.#access = await this.#speaks(data.accessToken);
  }

  #over() {
    this.#forget();
    this.#ended();
    return new DOMException("the session is over", "AbortError");
  }

  #forget() {
    this.#access = null;
    this.#stored = null;
    this.#save();
  }

  /** @returns {{ refresh: string, kept: Kept } | null} */
  #load() {
    return JSON.parse(tab.get(this.#key) ?? "null");
  }

  #save() {
    tab.set(this.#key, this.#stored && JSON.stringify(this.#stored));
  }
}
