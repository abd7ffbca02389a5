// Asking for leave to act: for a child, by the family register; for a relative, who has to agree.

import { h } from "../../shared/dom.js";
import { say } from "../../shared/live.js";
import { isAbort, report, trouble } from "../../shared/parts.js";
import { Once, field, form, idNumberField, idNumberOf, tick } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */

const DAY = 86_400_000;
const USUAL = 30;
const LONGEST = 365;

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
  const read = tick(t("scopeRead"), { name: "scope", value: "wallet:read", checked: true });
  const show = tick(t("scopeShow"), { name: "scope", value: "wallet:show", checked: true });
  const health = tick(t("scopeHealth"), { name: "scope", value: "health:show", checked: true });
  const until = field("until", t("askUntil"), { type: "date", value: day(USUAL), min: day(1), max: day(LONGEST) });
  const send = async () => {
    problem.replaceChildren();
    const body = {
      idNumber: idNumberOf(number.input),
      scopes: [read, show, health].filter(({ input }) => input.checked).map(({ input }) => input.value),
      until: new Date(`${until.input.value}T23:59:59+08:00`).toISOString(),
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
    form(t("askRelativeGo"), [number.node, h("fieldset", { class: "choice" }, h("legend", {}, t("askScopes")), read.node, show.node, health.node), until.node], send),
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

/** The day in Shanghai, so many days from now. @param {number} days */
function day(days) {
  return new Date(Date.now() + 8 * 3_600_000 + days * DAY).toISOString().slice(0, 10);
}
