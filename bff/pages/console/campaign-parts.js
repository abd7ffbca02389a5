// How a campaign looks, in a list and by itself.

import { h } from "../shared/dom.js";
import { pill } from "../shared/parts.js";
import { number } from "./forms.js";
import { t } from "./messages.js";

/** @typedef {import("../shared/wire.js").CampaignInfo} CampaignInfo */

const TONES = /** @type {const} */ ({
  DRAFT: ["caution", "clock"],
  CANARY: ["caution", "eye"],
  RUNNING: ["good", "arrow"],
  PAUSED: ["quiet", "pause"],
  STOPPED: ["bad", "warning"],
  CANCELLED: ["quiet", "cross"],
  DONE: ["good", "check"],
});

/** @param {CampaignInfo["state"]} state */
export function statePill(state) {
  const [tone, symbol] = TONES[state];
  return pill(tone, symbol, t(`campaign_${state}`));
}

/** How far it is, as a bar and in words. @param {CampaignInfo} campaign */
export function bar({ progress, estimate, state }) {
  const most = Math.max(1, state === "DONE" ? progress.meant : Math.max(estimate, progress.meant));
  return h(
    "span",
    { class: "bar" },
    h("progress", { max: most, value: progress.meant, "aria-label": t("progressLabel") }),
    h("span", { class: "quiet" }, t("meantOf", { meant: number(progress.meant), estimate: number(estimate) })),
  );
}

/** Whom it is for, in words. @param {CampaignInfo["audience"]} audience */
export function audienceWords({ districts = [], ageFrom, ageTo, sex, agreed, attributes = [] }) {
  const words = [
    districts.length ? t("districts", { list: districts.join(" ") }) : "",
    ageFrom || ageTo ? t("ages", { from: ageFrom ?? 14, to: ageTo ?? 120 }) : "",
    sex ? t(sex === "M" ? "sexM" : "sexF") : "",
    ...attributes.map(({ name, values }) => t("attribute", { name, values: values.join(" ") })),
    agreed ? t("agreedOnly") : "",
  ].filter(Boolean);
  return words.length ? words.join(" · ") : t("everybody");
}
