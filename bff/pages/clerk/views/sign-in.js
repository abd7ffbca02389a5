// A clerk signs in with the organisation, the number on the badge, a passphrase and a one-time code.

import { deviceHeader } from "../../shared/device.js";
import { h } from "../../shared/dom.js";
import { request } from "../../shared/http.js";
import { leaveFor, takeAnswer } from "../../shared/openid.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { SecondFactor, wantsSecondFactor } from "../../shared/second-factor.js";
import { learnTime } from "../clock.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */

/**
 * @param {Context} context
 * @param {string} note
 * @returns {View}
 */
export function signInView({ session, signal, go }, note) {
  const answer = takeAnswer();
  const problem = h("div", {});
  const submit = h("button", { type: "submit", class: "button button--wide" }, t("signIn"));
  const organisation = field("organisation", t("organisation"), { autocomplete: "organization", maxlength: 64 });
  const number = field("clerk-number", t("clerkNumber"), { autocomplete: "username", maxlength: 32 });
  const passphrase = field("passphrase", t("passphrase"), { type: "password", autocomplete: "current-password", minlength: 8, maxlength: 128 });
  const entry = () => ({
    organisation: organisation.input.value.trim(),
    clerkNumber: number.input.value.trim(),
    passphrase: passphrase.input.value,
  });
  const second = new SecondFactor(async () => {
    if (![organisation, number, passphrase].every(({ input }) => input.reportValidity())) return;
    problem.replaceChildren();
    await second.begin(entry(), signal).catch(failed);
  });
  /** @param {unknown} error */
  const failed = (error) => {
    if (signal.aborted || isAbort(error)) return false;
    report(error);
    second.empty();
    if (wantsSecondFactor(error)) void second.begin(entry(), signal).catch(failed);
    problem.replaceChildren(trouble(error));
    submit.disabled = sso.disabled = false;
    submit.textContent = t("signIn");
    return true;
  };
  /** @param {string} path @param {object} body */
  const enter = async (path, body) => {
    submit.disabled = sso.disabled = true;
    submit.textContent = t("signInBusy");
    problem.replaceChildren();
    const { data, date } = await request("POST", path, { body, headers: deviceHeader(), signal });
    if (date !== null) learnTime(date);
    session.adopt(data);
    go("#/scan");
  };
  const sso = h(
    "button",
    {
      type: "button",
      class: "button button--wide button--plain",
      onclick: async () => {
        // The other fields are for passphrases.
        if (!organisation.input.reportValidity()) return;
        sso.disabled = true;
        problem.replaceChildren();
        await leaveFor("/verifier/v1/session/sso/begin", { organisation: organisation.input.value.trim() }, signal).catch(failed);
      },
    },
    t("signInSso"),
  );
  const form = h(
    "form",
    {
      class: "panel stack",
      onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        await enter("/verifier/v1/session", { ...entry(), ...second.said }).catch((error) => failed(error) && !wantsSecondFactor(error) && passphrase.input.select());
      },
    },
    organisation.node,
    number.node,
    passphrase.node,
    second.node,
    problem,
    submit,
    sso,
    h("p", { class: "quiet" }, t("signInSsoHint")),
  );
  if (answer) void enter("/verifier/v1/session/sso", answer).catch(failed);
  const node = h(
    "section",
    { class: "stack sign-in" },
    h("div", { class: "sign-in__head" }, h("img", { src: new URL("../../icons/scanner.svg", import.meta.url).href, alt: "", width: 64, height: 64 }), h("h1", { class: "page-title" }, t("signInTitle")), h("p", { class: "quiet" }, t("signInLead"))),
    note ? notice("quiet", "info", note) : null,
    form,
  );
  return { title: t("signInTitle"), node };
}

/** @param {string} id @param {string} label @param {Record<string, unknown>} attributes */
function field(id, label, attributes) {
  const input = h("input", { id, name: id, required: true, autocapitalize: "off", spellcheck: "false", ...attributes });
  return { node: h("div", { class: "field" }, h("label", { for: id }, label), input), input };
}
