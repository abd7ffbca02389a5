// What a person chose on this device: language, and the standard or the elder edition.
// Kept in localStorage: neither says who they are.

/** @typedef {"zh" | "en"} Language */
/** @typedef {"standard" | "elder"} Mode */

const LANGUAGE = "suishen.language";
const MODE = "suishen.mode";

/** @typedef {"language" | "mode"} Preference */

/** @type {((what: Preference) => void)[]} */
const watchers = [];

/** @returns {Language} */
function preferred() {
  const kept = remembered(LANGUAGE);
  if (kept === "zh" || kept === "en") return kept;
  return (navigator.language || "zh").toLowerCase().startsWith("zh") ? "zh" : "en";
}

/** @param {string} key */
function remembered(key) {
  // Storage is refused in some private windows and embedded views; the page must still work.
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Lasts until the page is closed, then.
  }
}

const chosen = { language: preferred(), mode: /** @type {Mode} */ (remembered(MODE) === "elder" ? "elder" : "standard") };

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
    remember(LANGUAGE, chosen.language);
    changed("language");
  },
  toggleMode() {
    chosen.mode = chosen.mode === "elder" ? "standard" : "elder";
    remember(MODE, chosen.mode);
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
