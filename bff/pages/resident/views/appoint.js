// Naming an agent for one's organisation (经办人): the legal representative proves to be it, with the certificate of
// the legal person (法人一证通), and offers; who is named agrees on the same page of theirs.
//
//   a text ──signed outside, with the key and its PIN──▶ the answer brought back ──▶ proved ──▶ who, what, how long

import { h } from "../../shared/dom.js";
import { dayAndTime } from "../../shared/i18n.js";
import { say } from "../../shared/live.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { saveLink } from "../files.js";
import { Once, button, form, idNumberField, idNumberOf } from "../forms.js";
import { endOf, scopesChoice, untilField } from "../leave.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").LegalPersonChallenge} Challenge */
/** @typedef {import("../../shared/wire.js").LegalPersonProved} Proved */

const PATH = "/mp/v1/legal-person";
const LONGEST = 60_000;

/**
 * @param {Context} context
 * @returns {View}
 */
export function appointView({ session, signal }) {
  const problem = h("div", {});
  const box = h("div", { class: "stack" });
  const node = h("div", { class: "stack" }, h("div", {}, h("h1", { class: "page-title" }, t("appointTitle")), h("p", { class: "quiet" }, t("appointLead"))), problem, box);
  /** @param {unknown} error */
  const failed = (error) => {
    if (signal.aborted || isAbort(error)) return;
    report(error);
    problem.replaceChildren(trouble(error));
    problem.scrollIntoView({ block: "nearest" });
  };

  const begin = async () => {
    problem.replaceChildren();
    try {
      const { data } = await session.call("POST", `${PATH}/challenges`, { body: { purpose: "agents" }, signal });
      if (!signal.aborted) sign(data);
    } catch (error) {
      failed(error);
    }
  };

  /** @param {Challenge} challenge */
  const sign = (challenge) => {
    const answer = h("textarea", { id: "signed", name: "signed", required: true, maxlength: LONGEST, rows: 4, autocapitalize: "off", autocomplete: "off", spellcheck: "false" });
    const file = h("input", { id: "signed-file", name: "signed-file", type: "file", accept: ".json,application/json", onchange: () => void read() });
    const read = async () => {
      const chosen = file.files?.[0];
      if (!chosen) return;
      answer.value = (await chosen.slice(0, LONGEST).text()).trim();
    };
    const prove = async () => {
      problem.replaceChildren();
      const signed = signedIn(answer.value);
      if (signed === null) return void problem.replaceChildren(notice("bad", "warning", t("appointNotSigned")));
      try {
        const { data } = await session.call("POST", `${PATH}/proofs`, { body: { challengeId: challenge.challengeId, ...signed }, signal });
        if (!signal.aborted) name(data);
      } catch (error) {
        // A text is good for one try, whatever was wrong with it.
        if (!signal.aborted && !isAbort(error)) start();
        failed(error);
      }
    };
    box.replaceChildren(
      section(
        "sign-title",
        t("appointSign"),
        t("appointSignLead", { until: dayAndTime(challenge.expiresAt) }),
        h("pre", { class: "to-sign", tabindex: "0" }, challenge.text),
        saveLink(challenge.text, "text/plain", "to-sign.txt", t("appointSave"), signal),
        h("div", { class: "field" }, h("label", { for: "signed-file" }, t("appointFile")), file),
        form(t("appointProve"), [h("div", { class: "field" }, h("label", { for: "signed" }, t("appointAnswer")), answer)], prove),
      ),
    );
  };

  /** @param {Proved} proved */
  const name = (proved) => {
    say(t("appointProved", { name: proved.name }));
    const once = new Once();
    const number = idNumberField("agent-number", t("agentNumber"));
    const scopes = scopesChoice(["wallet:read", "wallet:show"]);
    const until = untilField("agent-until");
    const send = async () => {
      problem.replaceChildren();
      const body = { uscc: proved.uscc, idNumber: idNumberOf(number.input), scopes: scopes.chosen(), until: endOf(until.input) };
      try {
        await session.call("POST", "/mp/v1/grants/enterprise", { body, headers: once.headers(body), signal });
        once.done();
        number.input.value = "";
        say(t("appointed"));
        problem.replaceChildren(notice("good", "check", t("appointed"), h("a", { class: "button button--plain", href: "#/acting" }, t("actingTitle"))));
      } catch (error) {
        failed(error);
      }
    };
    box.replaceChildren(
      notice("good", "building", t("appointProved", { name: proved.name }), h("p", {}, t("appointProvedUntil", { until: dayAndTime(proved.expiresAt) }))),
      section("agent-title", t("agentTitle"), t("agentLead"), form(t("appointGo"), [number.node, scopes.node, until.node], send)),
    );
    number.input.focus();
  };

  const start = () => box.replaceChildren(section("begin-title", t("appointBegin"), t("appointBeginLead"), button(t("appointText"), () => void begin(), { kind: "" })));
  start();
  return { title: t("appointTitle"), node, tab: "me", back: "#/acting" };
}

/**
 * What the certificate's own software answers: the certificate, what stands above it, and the signature.
 *
 * @param {string} text
 */
function signedIn(text) {
  try {
    const { certificate, chain = [], algorithm, signature } = JSON.parse(text);
    const whole = [certificate, algorithm, signature].every((part) => typeof part === "string") && Array.isArray(chain);
    return whole ? { certificate, chain, algorithm, signature } : null;
  } catch {
    return null;
  }
}

/** @param {string} id @param {string} title @param {string} lead @param {...Node} rest */
function section(id, title, lead, ...rest) {
  return h("section", { class: "panel stack", "aria-labelledby": id }, h("div", {}, h("h2", { class: "section-title", id }, title), h("p", { class: "quiet" }, lead)), ...rest);
}
