// One campaign: what it says to whom, how far it is, and what can be done to it.

import { h } from "../../shared/dom.js";
import { moment } from "../../shared/i18n.js";
import { attempting, fill } from "../../shared/parts.js";
import { prefs } from "../../shared/prefs.js";
import { audienceWords, bar, statePill } from "../campaign-parts.js";
import { every, facts, number, reasonField } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../../shared/wire.js").CampaignInfo} CampaignInfo */

const STEPS = /** @type {const} */ ({
  DRAFT: ["approve", "cancel"],
  CANARY: ["pause", "cancel"],
  RUNNING: ["pause", "cancel"],
  PAUSED: ["resume", "cancel"],
  STOPPED: ["resume", "cancel"],
  CANCELLED: [],
  DONE: [],
});
const SAID = /** @type {const} */ ({ approve: "approved", pause: "paused", resume: "resumed", cancel: "cancelledNow" });

/**
 * @param {import("../app.js").Context} context
 * @param {string} id
 * @returns {import("../app.js").View}
 */
export function campaignView({ session, signal }, id) {
  const box = h("div", { class: "stack" });
  const far = h("div", { class: "stack" });
  const problem = h("div", {});
  const path = `/verifier/v1/push/campaigns/${encodeURIComponent(id)}`;
  let state = "";

  /** @returns {Promise<CampaignInfo>} */
  const read = async () => (await session.call("GET", path, { signal })).data;
  const load = () => fill(box, signal, read, show, 2);
  const attempt = attempting(problem, signal, load);

  /** @param {CampaignInfo} campaign */
  const show = (campaign) => {
    state = campaign.state;
    far.replaceChildren(...progressOf(campaign));
    return [
      h("p", { class: "section-title" }, campaign.title, statePill(campaign.state)),
      far,
      problem,
      ...stepsOf(campaign),
      h(
        "div",
        { class: "panel" },
        facts([
          [t("textZh"), campaign.text],
          [t("textEn"), h("span", { lang: "en" }, campaign.textEn)],
          [t("audience"), audienceWords(campaign.audience)],
          [t("topic"), t(`topic_${campaign.topic}`)],
          [t("messageClass"), t(campaign.messageClass)],
          [t("usefulUntil"), moment(campaign.usefulUntil)],
          [t("perMinute"), number(campaign.perMinute)],
          [t("canary"), number(campaign.canary)],
          [t("draftedBy"), `${campaign.draftedBy} · ${moment(campaign.draftedAt)}`],
          campaign.approvedAt ? [t("approvedBy"), `${campaign.approvedBy} · ${moment(campaign.approvedAt)}`] : null,
        ]),
      ),
    ];
  };

  /** @param {CampaignInfo} campaign */
  const stepsOf = (campaign) => {
    const steps = STEPS[campaign.state];
    if (!steps.length) return [];
    const reason = reasonField("reason");
    return [
      h(
        "form",
        { class: "panel stack", onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
        reason.node,
        h(
          "div",
          { class: "buttons" },
          ...steps.map((step) =>
            h(
              "button",
              {
                type: "button",
                class: step === "cancel" ? "button button--plain" : "button",
                onclick: () => {
                  if (step !== "approve" && !reason.input.reportValidity()) return;
                  void attempt(async () => {
                    const body = step === "approve" ? {} : { body: { reason: reason.input.value.trim() } };
                    await session.call("POST", `${path}/${step}`, { ...body, signal });
                    return t(SAID[step]);
                  });
                },
              },
              t(step),
            ),
          ),
        ),
      ),
    ];
  };

  void load();
  every(signal, async () => {
    const campaign = await read();
    if (signal.aborted) return;
    // While somebody types a reason, the form stays under their fingers unless it is of another state.
    if (campaign.state === state) far.replaceChildren(...progressOf(campaign));
    else box.replaceChildren(...show(campaign));
  });
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("campaign")), box);
  return { title: t("campaign"), node, tab: "campaigns" };
}

/** @param {CampaignInfo} campaign */
function progressOf(campaign) {
  const { progress } = campaign;
  const why = prefs.language === "zh" ? campaign.why : campaign.whyEn;
  return [
    h(
      "div",
      { class: "panel stack" },
      bar(campaign),
      facts([
        why ? [t("why"), why] : null,
        [t("lookedAt"), number(progress.lookedAt)],
        [t("meant"), number(progress.meant)],
        [t("waiting"), number(progress.waiting)],
        [t("doneCount"), number(progress.done)],
        progress.dead ? [t("deadCount"), number(progress.dead)] : null,
        progress.lapsed ? [t("lapsed"), number(progress.lapsed)] : null,
        progress.cancelled ? [t("cancelled"), number(progress.cancelled)] : null,
      ]),
    ),
  ];
}
