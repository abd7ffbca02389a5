// One notice's whole story: why it was meant, what was decided and tried, what came back.

import { h } from "../../shared/dom.js";
import { moment } from "../../shared/i18n.js";
import { fill, pill } from "../../shared/parts.js";
import { facts } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../../shared/wire.js").NoticeStory} NoticeStory */

const TONES = /** @type {const} */ ({
  created: ["quiet", "clock"],
  relayed: ["quiet", "arrow"],
  done: ["good", "check"],
  lapsed: ["caution", "clock"],
  cancelled: ["quiet", "cross"],
  dead: ["bad", "warning"],
});

/**
 * @param {import("../app.js").Context} context
 * @param {string} key
 * @returns {import("../app.js").View}
 */
export function storyView({ session, signal }, key) {
  const box = h("div", { class: "stack" });
  void fill(box, signal, async () => (await session.call("GET", `/verifier/v1/push/notices/${encodeURIComponent(key)}`, { signal })).data, storyOf, 2);
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("storyTitle")), h("p", { class: "quiet key" }, key), box);
  return { title: t("storyTitle"), node, tab: "find" };
}

/** @param {NoticeStory} story */
function storyOf(story) {
  const [tone, symbol] = TONES[story.state];
  return [
    h(
      "div",
      { class: "panel" },
      facts([
        [t("state"), pill(tone, symbol, t(`state_${story.state}`))],
        [t("addressee"), story.addressee ?? "—"],
        [t("aboutAnother"), t(story.aboutAnother ? "yes" : "no")],
        [t("topic"), t(`topic_${story.topic}`)],
        [t("template"), story.template],
        [t("lane"), t(`lane_${story.lane}`)],
        [t("rule"), story.rule],
        [t("milestone"), story.milestone],
        story.campaign ? [t("campaign"), h("a", { class: "inline", href: `#/campaign/${story.campaign}` }, story.campaign)] : null,
        [t("usefulUntil"), moment(story.usefulUntil)],
        story.outcome ? [t("outcome"), story.outcome] : null,
      ]),
    ),
    h("h2", { class: "section-title" }, t("events")),
    h(
      "ol",
      { class: "panel events" },
      ...story.events.map((event) =>
        h(
          "li",
          {},
          h("p", { class: "events__what" }, [t(`what_${event.what}`), event.channel].filter(Boolean).join(" · ")),
          h("p", { class: "quiet" }, moment(event.at)),
          event.outcome || event.code ? h("p", {}, [event.outcome, event.code].filter(Boolean).join(" · ")) : null,
        ),
      ),
    ),
  ];
}
