// Every campaign, and how far it is.

import { h } from "../../shared/dom.js";
import { icon } from "../../shared/icons.js";
import { paged } from "../../shared/lists.js";
import { fill } from "../../shared/parts.js";
import { bar, statePill } from "../campaign-parts.js";
import { t } from "../messages.js";

/** @typedef {import("../../shared/wire.js").CampaignInfo} CampaignInfo */
/** @template T @typedef {import("../../shared/wire.js").Page<T>} Page */

/**
 * @param {import("../app.js").Context} context
 * @returns {import("../app.js").View}
 */
export function campaignsView({ session, signal }) {
  const box = h("div", { class: "stack" });
  const problem = h("div", {});
  /** @param {string | null | undefined} cursor @returns {Promise<Page<CampaignInfo>>} */
  const page = async (cursor) => (await session.call("GET", `/verifier/v1/push/campaigns${cursor ? `?cursor=${cursor}` : ""}`, { signal })).data;
  /** @param {Page<CampaignInfo>} found @returns {Node[]} */
  const show = (found) => {
    if (!found.items.length) return [h("div", { class: "empty" }, icon("people"), h("p", {}, t("noCampaigns")))];
    const list = h("div", { class: "stack" });
    return paged(list, found, page, (items) => list.append(...items.map(card)), signal);
  };
  void fill(box, signal, () => page(null), show);
  const node = h(
    "div",
    { class: "stack" },
    h("h1", { class: "page-title" }, t("campaignsTitle")),
    h("p", { class: "quiet" }, t("campaignsLead")),
    h("a", { class: "button button--wide", href: "#/draft" }, t("newCampaign")),
    problem,
    box,
  );
  return { title: t("campaignsTitle"), node, tab: "campaigns" };
}

/** @param {CampaignInfo} campaign */
function card(campaign) {
  return h(
    "a",
    { class: "panel stack campaign", href: `#/campaign/${campaign.id}` },
    h("span", { class: "section-title" }, campaign.title, statePill(campaign.state)),
    h("span", {}, campaign.text),
    bar(campaign),
  );
}
