// Acting for another (代办): in whose name this tab calls, kept across a reload, and the banner that says so.

import { h } from "../shared/dom.js";
import { Refused, request } from "../shared/http.js";
import { dayAndTime, pick } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { tab } from "../shared/storage.js";
import { t } from "./messages.js";
import { kindName, scopeNames } from "./words.js";

/** @typedef {import("../shared/wire.js").ActingFor} ActingFor */
/** @typedef {import("./app.js").ResidentSession} ResidentSession */
/** @typedef {import("./app.js").Who} Who */
/** @typedef {import("../shared/session.js").Session<ResidentSession, Who>} OwnSession */

const KEY = "suishen.acting";
const PATH = "/mp/v1/acting";

export class Acting {
  #over;
  /** @type {ActingFor | null} */
  #now = JSON.parse(tab.get(KEY) ?? "null");

  /** @param {(words: string) => void} over Called when leave has ended and the person is themselves again. */
  constructor(over) {
    this.#over = over;
  }

  /** For whom; null in one's own name. */
  get now() {
    return this.#now;
  }

  /** @param {string} scope */
  may(scope) {
    return this.#now === null || this.#now.scopes.includes(scope);
  }

  /**
   * Act by this grant from now on.
   *
   * @param {OwnSession} session @param {string} grantId @param {AbortSignal} signal
   */
  async switch(session, grantId, signal) {
    const { data } = await session.call("POST", PATH, { body: { grantId }, signal });
    session.use(data.accessToken);
    this.#keep(data.acting);
  }

  /** Be oneself again. @param {OwnSession} session @param {AbortSignal} signal */
  async back(session, signal) {
    const { data } = await session.call("POST", `${PATH}/back`, { signal });
    session.use(data.accessToken);
    this.#keep(null);
  }

  /** Whoever signs in or out acts for nobody. */
  forget() {
    this.#keep(null);
  }

  /**
   * The token to call with, from one's own that was just renewed: while acting, the one to act with. If leave
   * has ended meanwhile the call under way is dropped: it was meant for somebody else's things.
   *
   * @param {string} access
   */
  async speaks(access) {
    if (this.#now === null) return access;
    try {
      const { data } = await request("POST", PATH, { body: { grantId: this.#now.grantId }, token: access });
      this.#keep(data.acting);
      return data.accessToken;
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.status >= 500 || error.problem.status === 429) throw error;
      this.#keep(null);
      const { title, titleEn } = error.problem;
      this.#over(title ? t("actingOverBy", { title: pick({ zh: title, en: titleEn }) }) : t("actingOver"));
      throw new DOMException("acting is over", "AbortError");
    }
  }

  /** @param {ActingFor | null} acting */
  #keep(acting) {
    this.#now = acting;
    tab.set(KEY, acting && JSON.stringify(acting));
  }
}

/**
 * Over every screen while acting.
 *
 * @param {ActingFor} acting @param {() => void} back
 */
export function banner(acting, back) {
  return h(
    "section",
    { class: "acting", "aria-label": t("bannerLabel") },
    icon("people"),
    h(
      "div",
      { class: "acting__text" },
      h("p", { class: "acting__who" }, t("banner", { name: acting.name })),
      h("p", { class: "acting__more" }, more(acting)),
    ),
    h("button", { type: "button", class: "acting__back", onclick: back }, icon("back"), t("bannerBack")),
  );
}

/** Why, what and until when. @param {ActingFor} acting */
export function more({ kind, scopes, until }) {
  return t("bannerMore", { kind: kindName(kind), scopes: scopeNames(scopes), until: dayAndTime(until) });
}
