// Declarations (申报): how one is, and where one has been. What they weigh is for the rules to say.

import { h } from "../../shared/dom.js";
import { dayAndTime } from "../../shared/i18n.js";
import { say } from "../../shared/live.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { field, form, Once, tick } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").Declaration} Declaration */

const PATH = "/mp/v1/health-code/declarations";
const SYMPTOMS = /** @type {const} */ ({
  COUGH: "symptomCough",
  SORE_THROAT: "symptomThroat",
  FATIGUE: "symptomFatigue",
  DIARRHOEA: "symptomDiarrhoea",
  SHORT_BREATH: "symptomBreath",
  SMELL_LOSS: "symptomSmell",
});

/**
 * @param {Context} context
 * @returns {View}
 */
export function declareView(context) {
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("declareTitle")), h("p", { class: "quiet" }, t("declareLong"))),
    healthForm(context),
    travelForm(context),
  );
  return { title: t("declareTitle"), node, back: "#/health" };
}

/** @param {Context} context */
function healthForm(context) {
  const temperature = field("temperature", t("declareTemperature"), { type: "number", inputmode: "decimal", min: 34, max: 43, step: 0.1 });
  const symptoms = Object.entries(SYMPTOMS).map(([code, words]) => tick(t(words), { name: "symptom", value: code }));
  return declaration(context, "health", t("declareHealth"), [temperature.node, h("fieldset", { class: "choice" }, h("legend", {}, t("declareSymptoms")), ...symptoms.map(({ node }) => node))], () => ({
    temperature: Number(temperature.input.value),
    symptoms: symptoms.filter(({ input }) => input.checked).map(({ input }) => input.value),
  }));
}

/** @param {Context} context */
function travelForm(context) {
  const area = field("area", t("declareArea"), { inputmode: "numeric", pattern: "[0-9]{6}", maxlength: 6 });
  const left = field("left-on", t("declareLeft"), { type: "date" });
  return declaration(context, "travel", t("declareTravel"), [area.node, h("p", { class: "quiet" }, t("declareAreaHint")), left.node], () => ({
    area: area.input.value.trim(),
    leftOn: left.input.value,
  }));
}

/**
 * @param {Context} context
 * @param {string} what
 * @param {string} title
 * @param {Node[]} parts
 * @param {() => unknown} body
 */
function declaration({ session, signal }, what, title, parts, body) {
  const once = new Once();
  const problem = h("div", {});
  const box = form(t("declareSend"), parts, async () => {
    problem.replaceChildren();
    const said = body();
    try {
      const { data } = await session.call("POST", `${PATH}/${what}`, { body: said, headers: once.headers(said), signal });
      once.done();
      const { recordedAt } = /** @type {Declaration} */ (data);
      const words = t("declareDone", { when: dayAndTime(recordedAt) });
      box.replaceWith(notice("good", "check", words));
      say(words);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      report(error);
      problem.replaceChildren(trouble(error));
      problem.scrollIntoView({ block: "nearest" });
    }
  });
  return h("section", { class: "panel stack", "aria-labelledby": `declare-${what}` }, h("h2", { class: "section-title", id: `declare-${what}` }, title), problem, box);
}
