// Back from WeChat, Alipay or Citizen Cloud with what one went there for: a way in to link, or a proof that it is oneself.

import { deviceHeader } from "../../shared/device.js";
import { h } from "../../shared/dom.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { say } from "../../shared/live.js";
import { backToAccount } from "../forms.js";
import { t } from "../messages.js";
import { providerName } from "../words.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../errands.js").OwnErrand} OwnErrand */
/** @typedef {import("../step-up.js").Proof} Proof */
/** @typedef {import("../../shared/wire.js").LinkResult} LinkResult */

/**
 * @param {Context} context
 * @param {Proof} proof
 * @param {OwnErrand} errand
 * @returns {View}
 */
export function errandView(context, proof, errand) {
  const linking = errand.for === "link";
  const title = linking ? t("linkAdd", { provider: providerName(proof.provider) }) : t("proveTitle");
  const box = h("div", { class: "stack" }, h("p", { role: "status" }, t(linking ? "linkBusy" : "proveBusy")));
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, title), box);
  // A reload must find a screen, and ask for nothing twice.
  history.replaceState(null, "", "#/me");
  if (linking) void link(context, box, proof, errand.key);
  else void context.stepUps.resume(errand, proof, context.signal).then(() => context.signal.aborted || context.go(errand.asked.route));
  return { title, node, tab: "me", back: "#/account" };
}

/**
 * Where a proof goes and how: what came back from Citizen Cloud says itself what it is of.
 *
 * @param {Proof} proof
 */
function sent({ provider, ...back }) {
  return "state" in back ? { path: "/oidc", body: back } : { path: "", body: { provider, ...back } };
}

/**
 * @param {Context} context @param {HTMLElement} box
 * @param {Proof} proof @param {string} key
 */
async function link({ stepUps, signal, go }, box, proof, key) {
  const { path, body } = sent(proof);
  try {
    const answer = await stepUps.call(
      { name: "link", method: "POST", path: `/mp/v1/account/links${path}`, body, headers: { ...deviceHeader(), "Idempotency-Key": key }, route: "#/account" },
      signal,
    );
    if (!answer) return go("#/account");
    const { merge } = /** @type {LinkResult} */ (answer.data);
    const words = merge ? t("linkMerging") : t("linked", { provider: providerName(proof.provider) });
    say(words);
    box.replaceChildren(notice(merge ? "caution" : "good", merge ? "people" : "check", words), backToAccount());
  } catch (error) {
    if (signal.aborted || isAbort(error)) return;
    report(error);
    box.replaceChildren(trouble(error), backToAccount());
  }
}
