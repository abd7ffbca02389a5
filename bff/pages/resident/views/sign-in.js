// Signing in: with the one-time code WeChat or Alipay gave, however it reached us.

import { deviceHeader } from "../../shared/device.js";
import { h } from "../../shared/dom.js";
import { request } from "../../shared/http.js";
import { icon } from "../../shared/icons.js";
import { leaveFor, takeAnswer } from "../../shared/openid.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { jittered, pause } from "../../shared/pause.js";
import { config, leaveOn } from "../errands.js";
import { t } from "../messages.js";
import { mayPass } from "../follow.js";
import { forgetOfflineCode, offlineCode } from "../offline-code.js";
import { carried } from "./carried.js";

const AGAIN = 10_000; // milliseconds

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */

/** @typedef {import("../errands.js").Arrival} Arrival */
/** @typedef {import("../errands.js").Config} Config */
/** @typedef {import("../errands.js").Provider} Provider */

/**
 * @param {Context} context
 * @param {string} note Why the person is here again, if there is something to say.
 * @param {Arrival | null} arrived The code that came with the address.
 * @returns {View}
 */
export function signInView(context, note, arrived) {
  const answer = takeAnswer();
  const box = h("div", { class: "stack" });
  const node = h(
    "section",
    { class: "welcome" },
    h(
      "div",
      { class: "welcome__hero" },
      h("img", { src: new URL("../../icons/mark.svg", import.meta.url).href, alt: "", width: 72, height: 72 }),
      h("h1", {}, t("signInTitle")),
      h("p", {}, t("signInLead")),
    ),
    h(
      "ul",
      { class: "promises" },
      h("li", {}, icon("clock"), t("promiseOnce")),
      h("li", {}, icon("shield"), t("promiseLess")),
      h("li", {}, icon("list"), t("promiseLog")),
    ),
    note ? notice("quiet", "info", note) : null,
    box,
    h("a", { class: "button button--text button--wide", href: "#/receipt" }, t("receiptTitle")),
  );

  /**
   * @param {object} body
   * @param {Provider | "oidc"} provider
   */
  const signInWith = async (body, provider) => {
    box.replaceChildren(h("p", { class: "welcome__busy", role: "status" }, t("signInBusy")));
    try {
      const { data } = await request("POST", `/mp/v1/session/${provider}`, { body, headers: deviceHeader(), signal: context.signal });
      context.acting.forget();
      forgetOfflineCode();
      context.session.adopt(data);
      context.go("#/cards");
    } catch (error) {
      if (context.signal.aborted || isAbort(error)) return;
      report(error);
      // The code is spent or spoilt: there is no retry with it, only a new one.
      void offer(trouble(error));
    }
  };

  /**
   * @param {string} code
   * @param {Provider} provider
   */
  const signIn = (code, provider) => signInWith({ code }, provider);

  const toCitizenCloud = async () => {
    try {
      await leaveFor("/mp/v1/session/oidc/begin", undefined, context.signal);
    } catch (error) {
      if (context.signal.aborted || isAbort(error)) return;
      report(error);
      void offer(trouble(error));
    }
  };

  /** @param {Node | null} above */
  const offer = async (above = null) => {
    try {
      const ways = waysIn(await config(context.signal), toCitizenCloud);
      box.replaceChildren(...(above ? [above] : []), ...ways, codeForm((code) => signIn(code, "wechat")));
    } catch (error) {
      if (context.signal.aborted || isAbort(error)) return;
      report(error);
      box.replaceChildren(trouble(error, () => void offer()));
      if (mayPass(error)) await showKept(node, context);
    }
  };

  if (answer) {
    void signInWith(answer, "oidc");
  } else if (arrived?.errand?.for === "signIn") {
    void signIn(arrived.code, arrived.provider);
  } else if (arrived) {
    // Nobody here asked for this code: someone may have sent the link to sign a stranger in to their own
    // account. A person has to say yes.
    box.append(
      notice("quiet", "info", t(arrived.provider === "alipay" ? "signInArrivedAlipay" : "signInArrived")),
      h(
        "button",
        { type: "button", class: "button button--wide", onclick: () => void signIn(arrived.code, arrived.provider) },
        t("signInGoOn"),
      ),
    );
  } else {
    void offer();
  }
  return { title: t("signIn"), node };
}

/**
 * The code this phone keeps, for as long as nobody can sign in and it is good. It goes with the sign-out, so
 * whoever closed the tab without one still has it in an outage.
 *
 * @param {HTMLElement} node @param {Context} context
 */
async function showKept(node, { signal, go }) {
  if (!offlineCode()) return;
  let away = true;
  for (let code = offlineCode(); code && away && !signal.aborted; code = offlineCode()) {
    node.replaceChildren(carried(code));
    await pause(jittered(AGAIN), signal);
    away = await config(signal).then(
      () => false,
      (/** @type {unknown} */ error) => mayPass(error),
    );
  }
  if (!signal.aborted) go("#/sign-in");
}

/**
 * @param {Config} config
 * @param {() => Promise<void>} toCitizenCloud
 * @returns {Node[]}
 */
function waysIn({ signInUrl, alipaySignInUrl, citizenCloud }, toCitizenCloud) {
  const ways = [];
  if (signInUrl) ways.push(wayIn(signInUrl, "wechat", t("signIn")));
  if (alipaySignInUrl) ways.push(wayIn(alipaySignInUrl, "alipay", t("signInAlipay")));
  if (citizenCloud) {
    ways.push(h("button", { type: "button", class: "button button--wide button--plain", onclick: () => void toCitizenCloud() }, t("signInCitizenCloud")));
  }
  if (ways.length > 0) return ways;
  return [notice("quiet", "qr", t("openInWechat"), h("p", {}, t("openInWechatLead")))];
}

/**
 * @param {string} signInUrl
 * @param {Provider} provider
 * @param {string} label
 */
function wayIn(signInUrl, provider, label) {
  return h(
    "button",
    {
      type: "button",
      class: `button button--wide button--${provider}`,
      onclick: () => leaveOn(signInUrl, { for: "signIn" }),
    },
    label,
  );
}

/** @param {(code: string) => Promise<void>} signIn */
function codeForm(signIn) {
  const input = h("input", {
    id: "code",
    name: "code",
    required: true,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    pattern: "[A-Za-z0-9_\\-]{1,128}",
  });
  return h(
    "details",
    { class: "have-code" },
    h("summary", {}, t("haveCode")),
    h(
      "form",
      {
        class: "stack",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          void signIn(input.value.trim());
        },
      },
      h("div", { class: "field" }, h("label", { for: "code" }, t("code")), input),
      h("button", { type: "submit", class: "button button--plain" }, t("useCode")),
    ),
  );
}
