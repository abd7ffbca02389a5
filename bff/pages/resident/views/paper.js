// The paper code (纸质码): for who has no phone. It says who somebody is; a guard's network says the colour.

import { h } from "../../shared/dom.js";
import { Refused } from "../../shared/http.js";
import { dayAndTime } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { attempting, fill } from "../../shared/parts.js";
import { sure } from "../dialog.js";
import { saveLink } from "../files.js";
import { button, Once } from "../forms.js";
import { t } from "../messages.js";
import { drawQr } from "../../shared/qr.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").PaperHealthCode} PaperHealthCode */

const PATH = "/mp/v1/health-code/paper";

/**
 * @param {Context} context
 * @returns {View}
 */
export function paperView({ session, signal }) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const once = new Once();
  const attempt = attempting(problem, signal, () => load());
  /** @param {boolean} anew Whether one is in force, and dies by it. */
  const issue = (anew) =>
    attempt(async () => {
      if (anew && !(await sure({ title: t("paperAnewAsk"), lead: t("paperAnewLead"), yes: t("paperAnew") }, signal))) return null;
      await session.call("POST", PATH, { headers: once.headers("paper"), signal });
      once.done();
      return t("paperIssued");
    });
  const lose = () =>
    attempt(async () => {
      if (!(await sure({ title: t("paperLostAsk"), lead: t("paperLostLead"), yes: t("paperLost"), danger: true }, signal))) return null;
      await session.call("DELETE", PATH, { signal });
      return t("paperLostDone");
    });
  const load = () =>
    fill(
      box,
      signal,
      async () => {
        try {
          return /** @type {PaperHealthCode} */ ((await session.call("GET", PATH, { signal })).data);
        } catch (error) {
          // Not to have one yet is no failure.
          if (error instanceof Refused && error.problem.code === "PAPER_CODE_UNKNOWN") return null;
          throw error;
        }
      },
      (paper) =>
        paper
          ? [sheet(paper), ...keep(paper, signal), button(t("paperAnew"), () => void issue(true), { icon: icon("refresh") }), button(t("paperLost"), () => void lose(), { kind: "danger", icon: icon("ban") })]
          : [h("p", { class: "panel" }, t("paperNone")), button(t("paperIssue"), () => void issue(false), { kind: "", icon: icon("page") })],
      1,
    );
  void load();
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("paperTitle")), h("p", { class: "quiet" }, t("paperLong"))),
    problem,
    box,
  );
  return { title: t("paperTitle"), node, back: "#/health" };
}

/** What goes on paper. @param {PaperHealthCode} paper */
function sheet(paper) {
  return h(
    "section",
    { class: "panel paper", "aria-label": t("paperTitle") },
    h("div", { class: "show__qr" }, drawQr(paper.code, t("paperQr"))),
    h("p", { class: "paper__name" }, paper.name),
    h(
      "dl",
      { class: "facts" },
      h("div", {}, h("dt", {}, t("paperIssuedAt")), h("dd", {}, dayAndTime(paper.issuedAt))),
      h("div", {}, h("dt", {}, t("paperUntil")), h("dd", {}, dayAndTime(paper.expiresAt))),
    ),
    h("p", { class: "quiet" }, t("paperNoColour")),
  );
}

/** @param {PaperHealthCode} paper @param {AbortSignal} signal */
function keep(paper, signal) {
  const picture = drawQr(paper.code, t("paperQr"));
  picture.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  picture.setAttribute("width", "480");
  picture.setAttribute("height", "480");
  return [
    h("button", { type: "button", class: "button button--wide", onclick: () => window.print() }, icon("page"), t("paperPrint")),
    saveLink(new XMLSerializer().serializeToString(picture), "image/svg+xml", "paper-health-code.svg", t("paperSave"), signal),
  ];
}
