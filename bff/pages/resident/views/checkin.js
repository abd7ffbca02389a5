// Checking in at a venue by its code (扫场所码): whether one may enter, and why not. No colour follows from it.

import { colourTag } from "../../shared/colours.js";
import { h } from "../../shared/dom.js";
import { moment, pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { isAbort, report, trouble, waiting } from "../../shared/parts.js";
import { aim } from "../aim.js";
import { button, field, form } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").CheckInReceipt} Receipt */

const PATH = "/mp/v1/venue-checkins";
const PREFIX = "SVC.";

/**
 * @param {Context} context
 * @returns {View}
 */
export function checkInView({ session, signal }) {
  const answer = h("div", { class: "stack" });
  const typed = field("venue-code", t("checkInCode"), { maxlength: 200 });
  const camera = aim({
    signal,
    scan: t("checkInScan"),
    aiming: t("checkInAim"),
    other: t("checkInNotOurs"),
    accepts: (text) => text.startsWith(PREFIX),
    found: (text) => void checkIn(text, crypto.randomUUID()),
    trouble: answer,
    instead: t("checkInNoCameraLead"),
    typed: typed.input,
  });
  const ways = h(
    "div",
    { class: "stack" },
    camera.node,
    h("section", { class: "panel" }, form(t("checkInGo"), [typed.node], () => checkIn(typed.input.value.trim(), crypto.randomUUID()))),
  );
  /** @param {string} code @param {string} requestId The same for each try: however often it is sent, it is one visit. */
  const checkIn = async (code, requestId) => {
    ways.hidden = true;
    answer.replaceChildren(waiting(1));
    try {
      const { data } = await session.call("POST", PATH, { body: { code, requestId }, signal });
      if (!signal.aborted) tell(data);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      report(error);
      answer.replaceChildren(trouble(error, () => void checkIn(code, requestId)), again());
    }
  };
  /** @param {Receipt} receipt */
  const tell = (receipt) => {
    const passed = receipt.verdict === "PASS";
    const words = t(passed ? "checkInPass" : "checkInDeny");
    const more = again();
    answer.replaceChildren(
      h(
        "section",
        { class: "panel show__used", "data-tone": passed ? "good" : "bad", "data-verdict": receipt.verdict },
        h("span", { class: "seal" }, icon(passed ? "check" : "ban")),
        h("h2", {}, words),
        h("p", { class: "checkin__venue" }, pick(receipt.venue)),
        receipt.detail ? h("p", {}, pick(receipt.detail)) : null,
        h("p", { class: "checkin__more" }, colourTag(receipt.colour), h("span", { class: "quiet" }, moment(receipt.at))),
      ),
      h("p", { class: "quiet" }, t("checkInPromise")),
      more,
    );
    navigator.vibrate?.(passed ? 80 : [160, 80, 160]);
    say([words, pick(receipt.venue), receipt.detail ? pick(receipt.detail) : ""].filter(Boolean).join("。"), { now: true });
    more.focus({ preventScroll: true });
  };
  const again = () =>
    button(t("checkInAgain"), () => {
      answer.replaceChildren();
      typed.input.value = "";
      ways.hidden = false;
    });
  const node = h("div", { class: "stack" }, h("div", {}, h("h1", { class: "page-title" }, t("checkInTitle")), h("p", { class: "quiet" }, t("checkInLong"))), answer, ways);
  return { title: t("checkInTitle"), node, back: "#/health" };
}
