// A copy of what is held of oneself (个人信息副本, PIPL Art. 45), as a file.

import { h } from "../../shared/dom.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { saveLink } from "../files.js";
import { form } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").AccountExport} AccountExport */

/**
 * @param {Context} context
 * @returns {View}
 */
export function copyView({ stepUps, signal }) {
  const problem = h("div", {});
  const box = h("div", { class: "stack" });
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("copyTitle")), h("p", { class: "quiet" }, t("copyLead"))),
    problem,
    box,
  );
  /** @param {unknown} error */
  const failed = (error) => {
    if (signal.aborted || isAbort(error)) return;
    report(error);
    problem.replaceChildren(trouble(error));
  };
  const make = async () => {
    problem.replaceChildren();
    try {
      const answer = await stepUps.call({ name: "copy", method: "GET", path: "/mp/v1/account/export", route: "#/account/copy" }, signal);
      if (answer) ready(answer.data);
    } catch (error) {
      failed(error);
    }
  };
  /** @param {AccountExport} copy */
  const ready = (copy) => {
    const save = saveLink(JSON.stringify(copy, null, 2), "application/json", "suishen-account.json", t("copySave"), signal);
    const holds = [
      ...[copy.name && t("name"), copy.idNumber && t("idNumber"), copy.phone && t("phoneNumber")].filter(Boolean),
      t("copyProofs", { count: copy.proofs.length }),
      t("copyLinks", { count: copy.links.length }),
      t("copyNotices", { count: copy.notices.length }),
    ];
    say(t("copyReady"));
    box.replaceChildren(notice("good", "check", t("copyReady"), h("p", {}, t("copyHolds", { what: holds.join(t("comma")) }))), save);
    save.focus();
  };
  const resumed = stepUps.outcome("copy");
  if (resumed?.answer) ready(resumed.answer.data);
  else box.append(h("div", { class: "panel stack" }, h("p", { class: "row__title" }, icon("page"), "suishen-account.json"), form(t("copyGet"), [], make)));
  if (resumed?.error) failed(resumed.error);
  return { title: t("copyTitle"), node, tab: "me", back: "#/account" };
}
