// An operator signs in as the clerk they are.

import { deviceHeader } from "../../shared/device.js";
import { h } from "../../shared/dom.js";
import { request } from "../../shared/http.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { SecondFactor, wantsSecondFactor } from "../../shared/second-factor.js";
import { field } from "../forms.js";
import { t } from "../messages.js";

/**
 * @param {import("../app.js").Context} context
 * @param {string} note
 * @returns {import("../app.js").View}
 */
export function signInView({ session, signal, go }, note) {
  const problem = h("div", {});
  const submit = h("button", { type: "submit", class: "button button--wide" }, t("signIn"));
  const organisation = field("organisation", t("organisation"), { autocomplete: "organization", maxlength: 64 });
  const clerk = field("clerk-number", t("clerkNumber"), { autocomplete: "username", maxlength: 32 });
  const passphrase = field("passphrase", t("passphrase"), { type: "password", autocomplete: "current-password", minlength: 8, maxlength: 128 });
  const entry = () => ({ organisation: organisation.input.value.trim(), clerkNumber: clerk.input.value.trim(), passphrase: passphrase.input.value });
  const second = new SecondFactor(async () => {
    if (![organisation, clerk, passphrase].every(({ input }) => input.reportValidity())) return;
    problem.replaceChildren();
    await second.begin(entry(), signal).catch(failed);
  });
  /** @param {unknown} error */
  const failed = (error) => {
    if (signal.aborted || isAbort(error)) return;
    report(error);
    second.empty();
    problem.replaceChildren(trouble(error));
    submit.disabled = false;
    submit.textContent = t("signIn");
    if (wantsSecondFactor(error)) void second.begin(entry(), signal).catch(failed);
    else passphrase.input.select();
  };
  const enter = async () => {
    const body = { ...entry(), ...second.said };
    const { data } = await request("POST", "/verifier/v1/session", { body, headers: deviceHeader(), signal });
    session.adopt(data);
    go("#/");
  };
  const form = h(
    "form",
    {
      class: "panel stack",
      onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        submit.disabled = true;
        submit.textContent = t("signInBusy");
        problem.replaceChildren();
        await enter().catch(failed);
      },
    },
    organisation.node,
    clerk.node,
    passphrase.node,
    second.node,
    problem,
    submit,
  );
  const node = h("section", { class: "stack" }, h("h1", { class: "page-title" }, t("signInTitle")), h("p", { class: "quiet" }, t("signInLead")), note ? notice("quiet", "info", note) : null, form);
  return { title: t("signInTitle"), node };
}
