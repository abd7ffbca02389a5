// Who is signed in, how the page looks, and the way out.

import { h } from "../../shared/dom.js";
import { icon } from "../../shared/icons.js";
import { prefs } from "../../shared/prefs.js";
import { menuEntry } from "../../shared/menu.js";
import { turnOff } from "../browser-push.js";
import { t } from "../messages.js";
import { levelName } from "../words.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */

/**
 * @param {Context} context
 * @returns {View}
 */
export function meView({ session, signedOut }) {
  const who = session.kept;
  const level = who?.level ?? "L0";
  const node = h(
    "div",
    { class: "stack" },
    h("h1", { class: "page-title" }, t("meTitle")),
    h(
      "section",
      { class: "panel", "aria-label": t("signedInAs") },
      h(
        "dl",
        { class: "facts" },
        h("div", {}, h("dt", {}, t("signedInAs")), h("dd", {}, who?.name ?? t("levelL0"))),
        h("div", {}, h("dt", {}, t("realName")), h("dd", {}, `${level} · ${levelName(level)}`)),
      ),
    ),
    h(
      "nav",
      { class: "panel menu", "aria-label": t("meTitle") },
      menuEntry("#/account", "person", t("accountTitle"), t("accountLead")),
      menuEntry("#/devices", "device", t("devicesTitle"), t("devicesLead")),
      menuEntry("#/reminders", "clock", t("remindersTitle"), t("remindersEntryLead")),
      menuEntry("#/acting", "people", t("actingTitle"), t("actingLead")),
    ),
    choice(t("edition"), "mode", prefs.mode, [
      ["standard", t("editionStandard")],
      ["elder", t("editionElder")],
    ], () => prefs.toggleMode()),
    choice(t("language"), "language", prefs.language, [
      ["zh", "简体中文", "zh-CN"],
      ["en", "English", "en"],
    ], () => prefs.toggleLanguage()),
    h(
      "button",
      {
        type: "button",
        class: "button button--plain button--wide",
        onclick: () => {
          // Who signs out here is not told here any more.
          void session.end(turnOff);
          signedOut();
        },
      },
      icon("leave"),
      t("signOut"),
    ),
  );
  return { title: t("meTitle"), node, tab: "me" };
}

/**
 * One of two.
 *
 * @param {string} title @param {string} name @param {string} chosen
 * @param {[value: string, words: string, lang?: string][]} options
 * @param {() => void} change
 */
function choice(title, name, chosen, options, change) {
  return h(
    "fieldset",
    { class: "panel choice" },
    h("legend", {}, title),
    ...options.map(([value, words, lang]) =>
      h(
        "label",
        { class: "option", lang: lang ?? false },
        h("input", { type: "radio", name, value, checked: value === chosen, onchange: change }),
        h("span", {}, words),
      ),
    ),
  );
}
