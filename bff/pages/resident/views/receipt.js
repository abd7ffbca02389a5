// The certificate of a deletion (注销证明), for its receipt. Whoever asks is signed in nowhere any more.

import { h } from "../../shared/dom.js";
import { request } from "../../shared/http.js";
import { dayAndTime } from "../../shared/i18n.js";
import { say } from "../../shared/live.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { saveLink } from "../files.js";
import { field, form } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").DeletionCertificate} DeletionCertificate */

/**
 * @param {Context} context
 * @returns {View}
 */
export function receiptView({ session, signal }) {
  const problem = h("div", {});
  const receipt = field("receipt", t("deletionReceipt"), { pattern: "[A-Za-z0-9_\\-]{43}", maxlength: 43 });
  const box = h("div", { class: "stack" });
  const get = async () => {
    problem.replaceChildren();
    try {
      const body = { receipt: receipt.input.value.trim() };
      certified((await request("POST", "/mp/v1/account/deletion/certificate", { body, signal })).data);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      report(error);
      problem.replaceChildren(trouble(error));
    }
  };
  /** @param {DeletionCertificate} made */
  const certified = ({ deletedAt, dueAt, certificate }) => {
    const words = deletedAt ? t("receiptDeleted", { when: dayAndTime(deletedAt) }) : t("deletionUnderWay", { when: dayAndTime(dueAt) });
    const save = saveLink(certificate, "application/jwt", "suishen-deletion.jwt", t("receiptSave"), signal);
    say(words);
    box.replaceChildren(notice(deletedAt ? "good" : "caution", deletedAt ? "check" : "warning", words, h("p", {}, t("receiptSigned"))), save);
    save.focus();
  };
  box.append(h("div", { class: "panel" }, form(t("receiptGet"), [receipt.node], get)));
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("receiptTitle")), h("p", { class: "quiet" }, t("receiptLead"))),
    problem,
    box,
  );
  return { title: t("receiptTitle"), node, back: session.open ? "#/account/deletion" : "#/sign-in" };
}
