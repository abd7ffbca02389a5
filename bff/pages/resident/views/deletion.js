// Leaving (注销): what it means, a proof, a receipt, and seven days to stay after all.

import { h } from "../../shared/dom.js";
import { dayAndTime, pick } from "../../shared/i18n.js";
import { say } from "../../shared/live.js";
import { fill, isAbort, notice, report, trouble } from "../../shared/parts.js";
import { sure } from "../dialog.js";
import { saveLink } from "../files.js";
import { Once, backToAccount, button, form, tick } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").DeletionConsequences} DeletionConsequences */
/** @typedef {import("../../shared/wire.js").DeletionInfo} DeletionInfo */
/** @typedef {import("../../shared/wire.js").DeletionReceipt} DeletionReceipt */

const PATH = "/mp/v1/account/deletion";

/**
 * @param {Context} context
 * @returns {View}
 */
export function deletionView({ session, stepUps, signal }) {
  const once = new Once();
  const problem = h("div", {});
  const box = h("div", { class: "stack" });
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("deletionTitle")), problem, box);
  /** @param {unknown} error */
  const failed = (error) => {
    if (signal.aborted || isAbort(error)) return;
    report(error);
    problem.replaceChildren(trouble(error));
  };

  /** @param {number} days */
  const ask = async (days) => {
    problem.replaceChildren();
    if (!(await sure({ title: t("deletionSure"), lead: t("deletionSureLead", { days }), yes: t("deletionAsk"), danger: true }, signal))) return;
    try {
      const answer = await stepUps.call({ name: "deletion", method: "POST", path: PATH, headers: once.headers("deletion"), route: "#/account/deletion" }, signal);
      if (!answer) return;
      once.done();
      requested(answer.data);
    } catch (error) {
      failed(error);
    }
  };
  /** @param {DeletionReceipt} made */
  const requested = (made) => {
    say(t("deletionUnderWay", { when: dayAndTime(made.dueAt) }));
    const file = `${t("deletionReceipt")} ${made.receipt}\n${made.requestedAt} → ${made.dueAt}\n`;
    box.replaceChildren(
      underWay(made),
      h(
        "section",
        { class: "panel stack", "aria-labelledby": "receipt-title" },
        h("h2", { class: "section-title", id: "receipt-title" }, t("deletionReceipt")),
        h("p", {}, t("deletionReceiptLead")),
        h("p", { class: "receipt", translate: "no" }, made.receipt),
        saveLink(file, "text/plain", "suishen-deletion-receipt.txt", t("deletionSave"), signal),
      ),
    );
    window.scrollTo(0, 0);
  };
  /** @param {Pick<DeletionInfo, "dueAt">} deletion */
  const underWay = (deletion) => {
    const cancel = async () => {
      problem.replaceChildren();
      try {
        await session.call("DELETE", PATH, { signal });
        say(t("deletionCancelled"));
        box.replaceChildren(notice("good", "check", t("deletionCancelled")), backToAccount());
      } catch (error) {
        failed(error);
      }
    };
    return h(
      "div",
      { class: "stack" },
      notice("caution", "warning", t("deletionUnderWay", { when: dayAndTime(deletion.dueAt) }), h("p", {}, t("deletionUntil"))),
      button(t("deletionCancel"), () => void cancel(), { kind: "" }),
    );
  };
  /** @param {DeletionConsequences} told */
  const consequences = (told) => {
    const understood = tick(t("deletionUnderstood"), { id: "understood", required: true });
    const asking = form(t("deletionAsk"), [understood.node], () => ask(told.coolOffDays));
    asking.lastElementChild?.classList.add("button--danger");
    return [
      h(
        "section",
        { class: "panel stack", "aria-labelledby": "means-title" },
        h("h2", { class: "section-title", id: "means-title" }, t("deletionMeans")),
        h("ul", { class: "points" }, ...told.consequences.map((each) => h("li", {}, pick(each)))),
        h("p", {}, t("deletionDays", { days: told.coolOffDays })),
      ),
      h("div", { class: "panel" }, asking),
    ];
  };

  const resumed = stepUps.outcome("deletion");
  if (resumed?.answer) {
    requested(resumed.answer.data);
  } else {
    void fill(
      box,
      signal,
      () => session.call("GET", PATH, { signal }),
      ({ data }) => (data.deletion ? [underWay(data.deletion)] : consequences(data)),
    );
  }
  if (resumed?.error) failed(resumed.error);
  return { title: t("deletionTitle"), node, tab: "me", back: "#/account" };
}
