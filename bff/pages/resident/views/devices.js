// Where one is signed in (登录设备), and out with it.

import { h } from "../../shared/dom.js";
import { dayAndTime } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { fill, isAbort, notice, pill, report, trouble } from "../../shared/parts.js";
import { sure } from "../dialog.js";
import { button } from "../forms.js";
import { t } from "../messages.js";
import { platformName, providerName } from "../words.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../step-up.js").Asked} Asked */
/** @typedef {import("../../shared/http.js").Answer} Answer */
/** @typedef {import("../../shared/wire.js").SignedInDevice} Device */

const ROUTE = "#/devices";
const PATH = "/mp/v1/sessions";

/**
 * @param {Context} context
 * @returns {View}
 */
export function devicesView({ session, stepUps, signal }) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("devicesTitle")), h("p", { class: "quiet" }, t("devicesLead"))),
    problem,
    box,
  );
  /** @param {unknown} error */
  const failed = (error) => {
    if (signal.aborted || isAbort(error)) return;
    report(error);
    problem.replaceChildren(trouble(error));
  };
  /** @param {string} name @param {Answer} answer */
  const done = (name, answer) => {
    const words = name === "endOthers" ? t("devicesEnded", { count: answer.data.ended }) : t("deviceEnded");
    say(words);
    problem.replaceChildren(notice("good", "check", words));
  };
  /** @param {{ title: string, lead: string, yes: string }} question @param {Asked} asked */
  const end = async (question, asked) => {
    problem.replaceChildren();
    if (!(await sure({ ...question, danger: true }, signal))) return;
    try {
      const answer = await stepUps.call(asked, signal);
      if (!answer) return;
      done(asked.name, answer);
      await load();
    } catch (error) {
      failed(error);
    }
  };
  /** @param {Device} device */
  const entry = (device) => {
    const name = device.platform ? platformName(device.platform) : t("platformUnknown");
    /** @type {[string, string][]} */
    const rows = [
      [t("deviceSince"), dayAndTime(device.startedAt)],
      [t("deviceRenewed"), dayAndTime(device.renewedAt)],
      [t("deviceEnds"), dayAndTime(device.expiresAt)],
    ];
    const question = { title: t("deviceEndAsk"), lead: t("deviceEndLead", { device: name, when: dayAndTime(device.startedAt) }), yes: t("deviceEnd") };
    return h(
      "li",
      { class: "panel stack device", "data-current": String(device.current) },
      h(
        "div",
        { class: "device__head" },
        h("span", { class: "menu__icon" }, icon("device")),
        h("div", {}, h("h2", { class: "row__title" }, name), h("p", { class: "quiet" }, t("deviceThrough", { provider: providerName(device.client.split(":")[0] ?? "") }))),
        device.current ? pill("good", "check", t("deviceThis")) : null,
      ),
      h("dl", { class: "pairs" }, ...rows.map(([title, value]) => h("div", {}, h("dt", {}, title), h("dd", {}, value)))),
      device.current
        ? null
        : button(t("deviceEnd"), () => void end(question, { name: "endOne", method: "DELETE", path: `${PATH}/${device.id}`, route: ROUTE }), { icon: icon("leave") }),
    );
  };
  const load = () =>
    fill(
      box,
      signal,
      () => session.call("GET", PATH, { signal }),
      ({ data }) => {
        const devices = /** @type {Device[]} */ (data);
        // This one first: what else there is, is what else there is.
        const sorted = [...devices.filter((each) => each.current), ...devices.filter((each) => !each.current)];
        const question = { title: t("devicesEndOthersAsk"), lead: t("devicesEndOthersLead"), yes: t("devicesEndOthers") };
        return [
          h("ul", { class: "stack" }, ...sorted.map(entry)),
          devices.length > 1
            ? button(t("devicesEndOthers"), () => void end(question, { name: "endOthers", method: "DELETE", path: PATH, route: ROUTE }), { kind: "danger" })
            : h("p", { class: "quiet" }, t("devicesOnlyThis")),
        ];
      },
    );
  const resumed = stepUps.outcome("endOne", "endOthers");
  if (resumed?.answer) done(resumed.name, resumed.answer);
  if (resumed?.error) failed(resumed.error);
  void load();
  return { title: t("devicesTitle"), node, tab: "me", back: "#/me" };
}
