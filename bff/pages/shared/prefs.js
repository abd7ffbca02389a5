// What a person chose on this device: language, and the standard or the elder edition.
// Neither says who they are.

import { device } from "./storage.js";

/** @typedef {"zh" | "en"} Language */
/** @typedef {"standard" | "elder"} Mode */

const LANGUAGE = "suishen.language";
const MODE = "suishen.mode";

/** @typedef {"language" | "mode"} Preference */

/** @type {((what: Preference) => void)[]} */
const watchers = [];

/** @returns {Language} */
function preferred() {
  const kept = device.get(LANGUAGE);
  if (kept === "zh" || kept === "en") return kept;
  return (navigator.language || "zh").toLowerCase().startsWith("zh") ? "zh" : "en";
}

const chosen = { language: preferred(), mode: /** @type {Mode} */ (device.get(MODE) === "elder" ? "elder" : "standard") };

function apply() {
  document.documentElement.lang = chosen.language === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset.mode = chosen.mode;
}

export const prefs = {
  get language() {
    return chosen.language;
  },
  get mode() {
    return chosen.mode;
  },
  toggleLanguage() {
    chosen.language = chosen.language === "zh" ? "en" : "zh";
    device.set(LANGUAGE, chosen.language);
    changed("language");
  },
  toggleMode() {
    chosen.mode = chosen.mode === "elder" ? "standard" : "elder";
    device.set(MODE, chosen.mode);
    changed("mode");
  },
  /**
   * Call `watcher` after every change.
   *
   * @param {(what: Preference) => void} watcher
   */
  watch(watcher) {
    watchers.push(watcher);
  },
};

/** @param {Preference} what */
function changed(what) {
  apply();
  for (const watcher of watchers) watcher(what);
}

apply();
