// Signing in: with the one-time code WeChat or Alipay gave, however it reached us.

import { deviceHeader } from "../../shared/device.js";
import { h } from "../../shared/dom.js";
import { request } from "../../shared/http.js";
import { icon } from "../../shared/icons.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { tab } from "../../shared/storage.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */

const STATE = "suishen.sign-in-state";

/** @typedef {"wechat" | "alipay"} Provider */

/**
 * @param {Context} context
 * @param {string} note Why the person is here again, if there is something to say.
 * @returns {View}
 */
export function signInView(context, note) {
  const arrived = takeCode();
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
  );

  /**
   * @param {string} code
   * @param {Provider} provider
   */
  const signIn = async (code, provider) => {
    box.replaceChildren(h("p", { class: "welcome__busy", role: "status" }, t("signInBusy")));
    try {
      const { data } = await request("POST", `/mp/v1/session/${provider}`, { body: { code }, headers: deviceHeader(), signal: context.signal });
      context.session.adopt(data);
      context.go("#/cards");
    } catch (error) {
      if (context.signal.aborted || isAbort(error)) return;
      report(error);
      // The code is spent or spoilt: there is no retry with it, only a new one.
      void offer(trouble(error));
    }
  };

  /** @param {Node | null} above */
  const offer = async (above = null) => {
    try {
      const { data } = await request("GET", "/resident/config.json", { signal: context.signal });
      box.replaceChildren(...(above ? [above] : []), ...waysIn(data), codeForm((code) => signIn(code, "wechat")));
    } catch (error) {
      if (context.signal.aborted || isAbort(error)) return;
      report(error);
      box.replaceChildren(trouble(error, () => void offer()));
    }
  };

  if (arrived?.expected) {
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
 * The code in the address, taken out of it at once: not for the history, not for a shared screenshot.
 *
 * @returns {{ code: string, provider: Provider, expected: boolean } | null}
 */
function takeCode() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const code = fragment.get("code");
  if (!code) return null;
  history.replaceState(null, "", "#/sign-in");
  const asked = tab.get(STATE);
  tab.set(STATE, null);
  const provider = fragment.get("provider") === "alipay" ? "alipay" : "wechat";
  return { code, provider, expected: asked !== null && asked === fragment.get("state") };
}

/**
 * @param {{ signInUrl: string | null, alipaySignInUrl: string | null }} config
 * @returns {Node[]}
 */
function waysIn({ signInUrl, alipaySignInUrl }) {
  const ways = [];
  if (signInUrl) ways.push(wayIn(signInUrl, "wechat", t("signIn")));
  if (alipaySignInUrl) ways.push(wayIn(alipaySignInUrl, "alipay", t("signInAlipay")));
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
      onclick: () => {
        const state = crypto.randomUUID();
        tab.set(STATE, state);
        const address = new URL(signInUrl, location.href);
        address.searchParams.set("redirect_uri", new URL("/resident/", location.href).href);
        address.searchParams.set("state", state);
        location.assign(address);
      },
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
