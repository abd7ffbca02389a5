// Proving anew (ASVS 7.5): a request that was refused with a challenge is let through once it is answered.
//
//   send ──403 with stepUp──▶ what is needed? ──text message──▶ answered ──▶ send the same again
//                                  │
//                                  └─provider──▶ the page is left; back with a code ──▶ answered, sent, told
//
// The screen that asked is told the outcome in either case: at once, or, when it is drawn anew after the way
// through a provider, by `outcome`.

import { h } from "../shared/dom.js";
import { Refused } from "../shared/http.js";
import { deviceHeader } from "../shared/device.js";
import { icon } from "../shared/icons.js";
import { isAbort, notice, report, trouble, waiting } from "../shared/parts.js";
import { modal } from "./dialog.js";
import { addressOf, config, leaveFor, leaveOn } from "./errands.js";
import { button, digitsField, form } from "./forms.js";
import { t } from "./messages.js";
import { providerName } from "./words.js";

/** @typedef {import("../shared/http.js").Answer} Answer */
/** @typedef {import("../shared/wire.js").Account} Account */
/** @typedef {import("../shared/wire.js").PhoneCodeSent} PhoneCodeSent */
/** @typedef {import("../shared/wire.js").Problem} Problem */
/** @typedef {import("../shared/wire.js").StepUp} Needed */
/** @typedef {import("./app.js").ResidentSession} ResidentSession */
/** @typedef {import("./app.js").Who} Who */
/** @typedef {import("./errands.js").Config} Config */

/**
 * A request that may ask for a proof.
 *
 * @typedef {object} Asked
 * @property {string} name What the screen calls it.
 * @property {"GET" | "POST" | "DELETE"} method
 * @property {string} path
 * @property {unknown} [body]
 * @property {Record<string, string>} [headers]
 * @property {string} route The screen to come back to.
 * @property {boolean} [stays] Its body must not lie in the tab, not even for the way to a provider and back.
 */

/** @typedef {{ name: string, answer: Answer | null, error: unknown }} Outcome */

/** What one came back with. @typedef {{ provider: string, code: string, state?: string, iss?: string }} Proof */

const LEVELS = ["L0", "L1", "L2", "L3", "L3C"];
const STEP_UP = "/mp/v1/account/step-up";

export class StepUps {
  #session;
  /** @type {Outcome | null} */
  #outcome = null;

  /** @param {import("../shared/session.js").Session<ResidentSession, Who>} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * Send it, with a proof if one is asked for.
   *
   * @param {Asked} asked
   * @param {AbortSignal} signal
   * @returns {Promise<Answer | null>} Null if the person thought better of it.
   */
  async call(asked, signal) {
    try {
      return await this.#send(asked, signal);
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.code !== "STEP_UP_REQUIRED") throw error;
      const challenge = await this.#prove(asked, error.problem, signal);
      return challenge === null ? null : await this.#send(withChallenge(asked, challenge), signal);
    }
  }

  /**
   * Back from a provider: answer the challenge with its code, and send the request again.
   *
   * @param {{ challenge: string, asked: Asked }} errand
   * @param {Proof} proof
   * @param {AbortSignal} signal
   */
  async resume({ challenge, asked }, { provider, ...back }, signal) {
    const elsewhere = "state" in back;
    const body = elsewhere ? { challenge, ...back } : { challenge, provider, ...back };
    try {
      await this.#session.call("POST", `${STEP_UP}/${elsewhere ? "oidc" : "provider"}`, { body, headers: deviceHeader(), signal });
      this.#outcome = { name: asked.name, answer: await this.#send(withChallenge(asked, challenge), signal), error: null };
    } catch (error) {
      this.#outcome = { name: asked.name, answer: null, error };
    }
  }

  /**
   * How the request called `name` went while the page was away; told once.
   *
   * @param {...string} names
   */
  outcome(...names) {
    const outcome = this.#outcome;
    if (!outcome || !names.includes(outcome.name)) return null;
    this.#outcome = null;
    return outcome;
  }

  /** @param {Asked} asked @param {AbortSignal} signal */
  #send({ method, path, body, headers = {} }, signal) {
    return this.#session.call(method, path, { ...(body === undefined ? {} : { body }), headers, signal });
  }

  /**
   * Tell what is needed, and have it proved.
   *
   * @param {Asked} asked @param {Problem} problem @param {AbortSignal} signal
   * @returns {Promise<string | null>} The answered challenge.
   */
  #prove(asked, problem, signal) {
    const needed = problem.stepUp;
    const level = this.#session.kept?.level ?? "L0";
    if (!needed || LEVELS.indexOf(level) < LEVELS.indexOf(needed.level)) return tellLevel(problem, needed?.level, level, signal);
    return modal(t("proveTitle"), (box, close) => void this.#ways(box, close, asked, needed, signal), signal);
  }

  /**
   * @param {HTMLElement} box @param {(challenge: string | null) => void} close
   * @param {Asked} asked @param {Needed} needed @param {AbortSignal} signal
   */
  async #ways(box, close, asked, needed, signal) {
    const cancel = button(t("cancel"), () => close(null));
    box.replaceChildren(waiting(1), cancel);
    try {
      const [account, city] = await Promise.all([this.#session.call("GET", "/mp/v1/account", { signal }), config(signal)]);
      const ways = [...this.#bySms(box, close, needed, account.data, signal), ...this.#byProvider(box, asked, needed, account.data, city, signal)];
      const missing = needed.methods.includes("sms") && !account.data.phone ? "proveNoPhone" : "proveNoWay";
      box.replaceChildren(
        h("p", {}, t("proveLead")),
        ...(ways.length ? ways : [notice("caution", "info", t(missing), missing === "proveNoPhone" ? h("a", { class: "button button--plain", href: "#/account/phone" }, t("phoneBind")) : null)]),
        cancel,
      );
      /** @type {HTMLElement | null} */ (box.querySelector("button, a"))?.focus();
    } catch (error) {
      if (signal.aborted || isAbort(error)) return close(null);
      report(error);
      box.replaceChildren(trouble(error, () => void this.#ways(box, close, asked, needed, signal)), cancel);
    }
  }

  /**
   * @param {HTMLElement} box @param {(challenge: string | null) => void} close
   * @param {Needed} needed @param {Account} account @param {AbortSignal} signal
   */
  #bySms(box, close, needed, account, signal) {
    if (!needed.methods.includes("sms") || !account.phone) return [];
    const problem = h("div", {});
    const send = async () => {
      try {
        const call = { body: { challenge: needed.challenge }, headers: deviceHeader(), signal };
        const { data } = await this.#session.call("POST", `${STEP_UP}/phone/codes`, call);
        this.#askCode(box, close, needed, data, () => void send(), signal);
      } catch (error) {
        if (signal.aborted || isAbort(error)) return;
        report(error);
        if (!problem.isConnected) box.prepend(problem);
        problem.replaceChildren(trouble(error));
      }
    };
    return [problem, button(t("proveSms", { phone: account.phone }), () => void send(), { kind: "", icon: icon("device") })];
  }

  /**
   * @param {HTMLElement} box @param {Asked} asked @param {Needed} needed
   * @param {Account} account @param {Config} city @param {AbortSignal} signal
   * @returns {Node[]}
   */
  #byProvider(box, asked, needed, account, city, signal) {
    if (!needed.methods.includes("provider") || asked.stays) return [];
    const errand = /** @type {const} */ ({ for: "stepUp", challenge: needed.challenge, asked });
    const elsewhere = async () => {
      try {
        const call = { body: { challenge: needed.challenge }, headers: deviceHeader(), signal };
        leaveFor((await this.#session.call("POST", `${STEP_UP}/oidc/begin`, call)).data, errand);
      } catch (error) {
        if (signal.aborted || isAbort(error)) return;
        report(error);
        box.prepend(trouble(error));
      }
    };
    const linked = [...new Set(account.links.map((link) => link.provider))];
    return linked.flatMap((provider) => {
      const address = addressOf(city, provider);
      if (!address && !(provider === "citizen-cloud" && city.citizenCloud)) return [];
      const leave = () => (address ? leaveOn(address, errand) : void elsewhere());
      return [button(t("proveProvider", { provider: providerName(provider) }), leave, { icon: icon("shield") })];
    });
  }

  /**
   * @param {HTMLElement} box @param {(challenge: string | null) => void} close
   * @param {Needed} needed @param {PhoneCodeSent} sent @param {() => void} again @param {AbortSignal} signal
   */
  #askCode(box, close, needed, sent, again, signal) {
    const problem = h("div", {});
    const code = digitsField("step-up-code", t("smsCode"));
    const check = async () => {
      const body = { challenge: needed.challenge, requestId: sent.requestId, code: code.input.value.trim() };
      try {
        await this.#session.call("POST", `${STEP_UP}/phone`, { body, signal });
        close(needed.challenge);
      } catch (error) {
        if (signal.aborted || isAbort(error)) return;
        report(error);
        problem.replaceChildren(trouble(error));
        code.input.select();
      }
    };
    box.replaceChildren(
      h("p", { role: "status" }, t("phoneSentTo", { phone: sent.phone })),
      problem,
      form(t("proveCheck"), [code.node], check),
      h("div", { class: "sheet__buttons" }, button(t("cancel"), () => close(null)), button(t("phoneAgain"), again)),
    );
    code.input.focus();
  }
}

/**
 * A level is nothing a challenge can be answered with: tell which, and where to get it.
 *
 * @param {Problem} problem @param {string | undefined} needed @param {string} level @param {AbortSignal} signal
 * @returns {Promise<null>}
 */
async function tellLevel(problem, needed, level, signal) {
  if (!needed) throw new Refused(problem);
  await modal(
    t("proveLevel", { level: needed }),
    (box, close) =>
      box.append(
        h("p", {}, t("proveLevelLead", { level })),
        h("a", { class: "button button--wide", href: level === "L0" ? "#/account/phone" : "#/account/level" }, t("raiseTitle")),
        button(t("cancel"), () => close(null)),
      ),
    signal,
  );
  return null;
}

/** @param {Asked} asked @param {string} challenge @returns {Asked} */
function withChallenge(asked, challenge) {
  return { ...asked, headers: { ...asked.headers, "X-Step-Up": challenge } };
}
