// Asking for leave to act: for a child, by the family register; for a relative, who has to agree.

import { h } from "../../shared/dom.js";
import { say } from "../../shared/live.js";
import { isAbort, report, trouble } from "../../shared/parts.js";
import { Once, form, idNumberField, idNumberOf } from "../forms.js";
import { endOf, scopesChoice, untilField } from "../leave.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */

/**
 * @param {Context} context
 * @returns {View}
 */
export function askView(context) {
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("askTitle")), childForm(context), relativeForm(context));
  return { title: t("askTitle"), node, tab: "me", back: "#/acting" };
}

/** @param {Context} context */
function childForm({ stepUps, signal, go }) {
  const once = new Once();
  const problem = h("div", {});
  const number = idNumberField("child-number", t("childNumber"));
  const send = async () => {
    problem.replaceChildren();
    const body = { idNumber: idNumberOf(number.input) };
    try {
      const answer = await stepUps.call(
        { name: "guardian", method: "POST", path: "/mp/v1/grants/guardian", body, headers: once.headers(body), route: "#/acting/ask", stays: true },
        signal,
      );
      if (!answer) return;
      say(t("claimed"));
      go("#/acting");
    } catch (error) {
      failed(error, problem, signal);
    }
  };
  return section("child-title", t("askChild"), t("askChildLead"), problem, form(t("askChildGo"), [number.node], send));
}

/** @param {Context} context */
function relativeForm({ session, signal, go }) {
  const once = new Once();
  const problem = h("div", {});
  const number = idNumberField("relative-number", t("relativeNumber"));
  const scopes = scopesChoice(["wallet:read", "wallet:show", "health:show"]);
  const until = untilField("until");
  const send = async () => {
    problem.replaceChildren();
    const body = {
      idNumber: idNumberOf(number.input),
      scopes: scopes.chosen(),
      until: endOf(until.input),
    };
    try {
      await session.call("POST", "/mp/v1/grants/family", { body, headers: once.headers(body), signal });
      say(t("asked"));
      go("#/acting");
    } catch (error) {
      failed(error, problem, signal);
    }
  };
  return section(
    "relative-title",
    t("askRelative"),
    t("askRelativeLead"),
    problem,
    form(t("askRelativeGo"), [number.node, scopes.node, until.node], send),
  );
}

/** @param {string} id @param {string} title @param {string} lead @param {...Node} rest */
function section(id, title, lead, ...rest) {
  return h(
    "section",
    { class: "panel stack", "aria-labelledby": id },
    h("div", {}, h("h2", { class: "section-title", id }, title), h("p", { class: "quiet" }, lead)),
    ...rest,
  );
}

/** @param {unknown} error @param {HTMLElement} problem @param {AbortSignal} signal */
function failed(error, problem, signal) {
  if (signal.aborted || isAbort(error)) return;
  report(error);
  problem.replaceChildren(trouble(error));
}
