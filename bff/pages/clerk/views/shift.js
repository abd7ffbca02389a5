// Who is on duty, where they may check, and whether this device could go on without a network.

import { h } from "../../shared/dom.js";
import { dayAndTime } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { pill } from "../../shared/parts.js";
import { prefs } from "../../shared/prefs.js";
import { t } from "../messages.js";
import { loadTrust } from "../offline/trust.js";
import { desk } from "./desk.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */

/**
 * @param {Context} context
 * @returns {View}
 */
export function shiftView(context) {
  const { session, signal, go } = context;
  const shift = session.kept;
  const readiness = h("dd", {}, "…");
  loadTrust().then(
    ({ asOf }) => !signal.aborted && readiness.replaceChildren(pill("good", "check", t("offlineReadyYes", { when: dayAndTime(asOf) }))),
    () => !signal.aborted && readiness.replaceChildren(pill("caution", "warning", t("offlineReadyNo"))),
  );
  const node = h(
    "div",
    { class: "stack" },
    h("h1", { class: "page-title" }, t("shiftTitle")),
    h(
      "dl",
      { class: "panel facts" },
      h("div", {}, h("dt", {}, t("organisationName")), h("dd", {}, shift?.organisationName)),
      h("div", {}, h("dt", {}, t("clerkNumber")), h("dd", {}, shift?.clerkNumber)),
      h("div", {}, h("dt", {}, t("shiftEnds")), h("dd", {}, shift ? dayAndTime(shift.refreshExpiresAt) : "")),
      h("div", {}, h("dt", {}, t("offlineReady")), readiness),
    ),
    h(
      "section",
      { class: "panel", "aria-labelledby": "scenes-title" },
      h("h2", { class: "section-title", id: "scenes-title" }, t("scenes")),
      h("ul", { class: "chips" }, ...(shift?.scenes ?? []).map(({ name, nameEn }) => h("li", { class: "chip" }, prefs.language === "zh" ? name : nameEn))),
    ),
    desk(context),
    h(
      "button",
      {
        type: "button",
        class: "button button--plain button--wide",
        onclick: () => {
          void session.end();
          go("#/sign-in");
        },
      },
      icon("leave"),
      t("signOut"),
    ),
  );
  return { title: t("shiftTitle"), node, tab: "shift" };
}
