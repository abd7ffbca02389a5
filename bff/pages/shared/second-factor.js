// A clerk's second factor: the field for a code, and setting one up.

import { deviceHeader } from "./device.js";
import { h } from "./dom.js";
import { Refused, request } from "./http.js";
import { shared } from "./messages.js";
import { drawQr } from "./qr.js";

/** @typedef {{ organisation: string, clerkNumber: string, passphrase: string }} Entry */

export class SecondFactor {
  #input = h("input", {
    id: "one-time-code",
    name: "one-time-code",
    inputmode: "numeric",
    pattern: "[0-9]{6}",
    maxlength: 6,
    autocomplete: "one-time-code",
    autocapitalize: "off",
    spellcheck: "false",
    "aria-describedby": "one-time-code-hint",
  });
  #secret = h("div", { class: "stack", "aria-live": "polite" });
  #hint = h("p", { class: "quiet", id: "one-time-code-hint" }, shared("codeHint"));
  #setUp;
  node;

  /** @param {() => void} setUp Somebody wants to set one up. */
  constructor(setUp) {
    this.#setUp = h("button", { type: "button", id: "set-up", class: "button button--text", onclick: setUp }, shared("codeSetUp"));
    const field = h("div", { class: "field" }, h("label", { for: "one-time-code" }, shared("code")), this.#input);
    this.node = h("div", { class: "stack" }, this.#secret, field, this.#hint, this.#setUp);
  }

  /** What a sign-in says of it: nothing if nothing was typed. */
  get said() {
    const code = this.#input.value.trim();
    return code === "" ? {} : { oneTimeCode: code };
  }

  /** A code that was refused is never right again. */
  empty() {
    this.#input.value = "";
  }

  /**
   * Show a secret to be scanned; the next sign-in is with a code of it.
   *
   * @param {Entry} entry @param {AbortSignal} signal
   */
  async begin({ organisation, clerkNumber, passphrase }, signal) {
    const { data } = await request("POST", "/verifier/v1/session/second-factor", {
      body: { organisation, clerkNumber, passphrase },
      headers: deviceHeader(),
      signal,
    });
    this.#secret.replaceChildren(
      h("p", {}, shared("codeScan")),
      h("div", { class: "show__qr" }, drawQr(data.url, shared("codeQr"))),
      h("p", { class: "quiet" }, shared("codeType"), " ", h("code", {}, data.secret.replace(/(.{4})(?=.)/g, "$1 "))),
      h("a", { class: "button button--wide button--plain", href: data.url }, shared("codeHere")),
    );
    this.#hint.textContent = shared("codeThen");
    this.#setUp.hidden = true;
    this.#input.required = true;
    this.empty();
    this.#input.focus();
  }
}

/** Whether the passphrase was right and a second factor is to be set up first. @param {unknown} error */
export function wantsSecondFactor(error) {
  return error instanceof Refused && error.problem.code === "SECOND_FACTOR_NEEDED";
}
