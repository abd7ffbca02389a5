// Climbing levels (实名认证): name and number against the registry, then a face at Alipay.

import { h } from "../../shared/dom.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { fill, isAbort, notice, report, trouble } from "../../shared/parts.js";
import { tab } from "../../shared/storage.js";
import { config } from "../errands.js";
import { Once, backToAccount, button, field, form, idNumberField, idNumberOf, tick } from "../forms.js";
import { t } from "../messages.js";
import { levelName } from "../words.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").FaceCheckBegun} FaceCheckBegun */
/** @typedef {import("../../shared/wire.js").FaceCheckResult} FaceCheckResult */
/** @typedef {import("../../shared/wire.js").RealNameResult} RealNameResult */

const ROUTE = "#/account/level";
// Which wording of the consent was agreed to; another wording is another name.
const REAL_NAME_NOTICE = "h5-real-name-1";
const FACE_NOTICE = "h5-face-1";
const CHECK = "suishen.face-check";

/**
 * @param {Context} context
 * @returns {View}
 */
export function levelView(context) {
  const { session, stepUps, signal } = context;
  const problem = h("div", {});
  const box = h("div", { class: "stack" });
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("raiseTitle")), problem, box);
  /** @param {unknown} error */
  const failed = (error) => {
    if (signal.aborted || isAbort(error)) return;
    report(error);
    problem.replaceChildren(trouble(error));
  };
  /** @param {string} level */
  const raised = async (level) => {
    await session.renew();
    const words = t("raised", { level });
    say(words);
    box.replaceChildren(notice("good", "check", words), backToAccount());
  };

  const realName = () => {
    const name = field("name", t("name"), { maxlength: 64, autocomplete: "name" });
    const number = idNumberField("id-number", t("idNumber"));
    const consent = tick(t("realNameConsent"), { id: "consent", required: true });
    const send = async () => {
      problem.replaceChildren();
      const body = { name: name.input.value.trim(), idNumber: idNumberOf(number.input), consentNotice: REAL_NAME_NOTICE };
      try {
        const answer = await stepUps.call({ name: "realName", method: "POST", path: "/mp/v1/account/real-name", body, route: ROUTE, stays: true }, signal);
        if (!answer) return;
        const { merge, assurance } = /** @type {RealNameResult} */ (answer.data);
        if (merge) box.replaceChildren(notice("caution", "people", t("raiseMerge")), backToAccount());
        else await raised(assurance);
      } catch (error) {
        failed(error);
      }
    };
    return h(
      "section",
      { class: "panel stack", "aria-labelledby": "real-name-title" },
      h("h2", { class: "section-title", id: "real-name-title" }, t("realNameTitle")),
      h("p", { class: "quiet" }, t("realNameLead")),
      form(t("realNameGo"), [name.node, number.node, consent.node], send),
    );
  };

  const face = () => {
    const once = new Once();
    const state = h("div", { class: "stack" });
    const consent = tick(t("faceConsent"), { id: "consent", required: true });
    const start = async () => {
      problem.replaceChildren();
      const body = { consentNotice: FACE_NOTICE };
      try {
        const answer = await stepUps.call(
          { name: "face", method: "POST", path: "/mp/v1/account/face-checks", body, headers: once.headers(body), route: ROUTE },
          signal,
        );
        if (!answer) return;
        once.done();
        begun(answer.data);
      } catch (error) {
        failed(error);
      }
    };
    /** @param {FaceCheckBegun} check @param {boolean} [back] Whether the person comes from there. */
    const begun = (check, back = false) => {
      tab.set(CHECK, JSON.stringify(check));
      const told = h("p", { role: "status" });
      const result = async () => {
        problem.replaceChildren();
        try {
          const { data } = await session.call("POST", `/mp/v1/account/face-checks/${check.id}/result`, { signal });
          const { status, assurance } = /** @type {FaceCheckResult} */ (data);
          if (status === "pending") return void (told.textContent = t("facePending"));
          tab.set(CHECK, null);
          if (status === "passed") return await raised(assurance);
          state.replaceChildren(notice("bad", "warning", t(status === "failed" ? "faceFailed" : "faceExpired")), begin());
        } catch (error) {
          failed(error);
        }
      };
      state.replaceChildren(
        h("p", {}, t("faceBegun")),
        h("a", { class: "button button--wide button--alipay", href: check.url, rel: "noreferrer" }, icon("person"), t("faceOpen")),
        button(t("faceResult"), () => void result(), { icon: icon("refresh") }),
        told,
      );
      if (back) void result();
    };
    const begin = () => form(t("faceGo"), [consent.node], start);
    const pending = tab.get(CHECK);
    if (pending) begun(JSON.parse(pending), true);
    else state.replaceChildren(begin());
    const resumed = stepUps.outcome("face");
    if (resumed?.answer) begun(resumed.answer.data);
    if (resumed?.error) failed(resumed.error);
    return h(
      "section",
      { class: "panel stack", "aria-labelledby": "face-title" },
      h("h2", { class: "section-title", id: "face-title" }, t("faceTitle")),
      h("p", { class: "quiet" }, t("faceLead")),
      state,
    );
  };

  void fill(
    box,
    signal,
    () => Promise.all([session.call("GET", "/mp/v1/account", { signal }), config(signal)]),
    ([{ data: { assurance } }, city]) => {
      const now = h("p", {}, t("raiseNow", { level: assurance, words: levelName(assurance) }));
      switch (assurance) {
        case "L0":
          return [now, h("a", { class: "button button--wide", href: "#/account/phone" }, t("raiseL1"))];
        case "L1":
          return [now, realName()];
        case "L2":
          return city.faceCheck ? [now, face()] : [now, top()];
        default:
          return [now, top()];
      }
    },
  );
  return { title: t("raiseTitle"), node, tab: "me", back: "#/account" };
}

/** As far as it goes. */
function top() {
  return notice("good", "check", t("raiseTop"), h("p", {}, t("raiseCounter")));
}
