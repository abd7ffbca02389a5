// How one wants to be told (提醒设置): topics, each agreed to in one tap and taken back in one, channels, quiet hours.

import { h } from "../../shared/dom.js";
import { pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { attempting, fill, notice, pill } from "../../shared/parts.js";
import { canBeTold, isTold, turnOff, turnOn } from "../browser-push.js";
import { field, form, tick } from "../forms.js";
import { t } from "../messages.js";
import { channelName, topicName } from "../topics.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").TopicConsent} Consent */
/** @typedef {import("../../shared/wire.js").PushPreferences} Preferences */
/** @typedef {import("../../shared/wire.js").PushDevices} PushDevices */
/** @typedef {(deed: () => Promise<string | null>) => Promise<void>} Attempt */

const CONSENTS = "/mp/v1/push/consents";
const PREFERENCES = "/mp/v1/push/preferences";
const DEVICES = "/mp/v1/push/devices";

/**
 * @param {Context} context
 * @returns {View}
 */
export function remindersView({ session, signal }) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const load = () =>
    fill(
      box,
      signal,
      async () => {
        const asked = [CONSENTS, PREFERENCES, DEVICES].map((path) => session.call("GET", path, { signal }));
        const [consents, preferences, devices] = (await Promise.all(asked)).map(({ data }) => data);
        const mine = /** @type {PushDevices} */ (devices);
        const told = mine.webPushKey && canBeTold() ? await isTold(mine) : null;
        return { consents: /** @type {Consent[]} */ (consents), preferences: /** @type {Preferences} */ (preferences), key: mine.webPushKey ?? "", told };
      },
      ({ consents, preferences, key, told }) => [topics(consents), ...(told === null ? [] : [here(key, told)]), ways(preferences)],
    );
  const attempt = attempting(problem, signal, load);

  /** @param {Consent[]} consents */
  const topics = (consents) =>
    h(
      "section",
      { class: "stack", "aria-labelledby": "topics-title" },
      h("h2", { class: "section-title", id: "topics-title" }, t("topicsTitle")),
      h("ul", { class: "stack" }, ...consents.map(topic)),
    );

  /** @param {Consent} consent */
  const topic = ({ topic: name, basis, given, words, children }) => {
    const called = topicName(name);
    /** One child, left out or alone agreed to. @param {Consent["children"][number]} child */
    const one = ({ child, name: who, given: own }) => {
      const told = own ?? given === true;
      const change = () =>
        void attempt(async () => {
          if (told) await session.call("DELETE", `${CONSENTS}/${name}?child=${child}`, { signal });
          else await session.call("POST", CONSENTS, { body: { topic: name, textVersion: words?.version ?? "", child }, signal });
          return t("topicSaid", { topic: `${called} · ${who}` });
        });
      const label = t(told ? "childLeaveOutWhat" : "childTellWhat", { topic: called, name: who });
      return h(
        "li",
        { class: "channel", "data-child": child, "data-given": String(told) },
        h("span", {}, who),
        h("button", { type: "button", class: "button button--plain", "aria-label": label, onclick: change }, t(told ? "childLeaveOut" : "childTell")),
      );
    };
    const agree = () =>
      void attempt(async () => {
        await session.call("POST", CONSENTS, { body: { topic: name, textVersion: words?.version ?? "" }, signal });
        return t("topicSaid", { topic: called });
      });
    const withdraw = () =>
      void attempt(async () => {
        await session.call("DELETE", `${CONSENTS}/${name}`, { signal });
        return t("topicSaid", { topic: called });
      });
    return h(
      "li",
      { class: "panel stack item", "data-topic": name, "data-given": String(basis === "law" || given === true) },
      h(
        "div",
        { class: "item__head" },
        h("h3", {}, called),
        basis === "law" ? pill("quiet", "shield", t("topicByLaw")) : given ? pill("good", "check", t("topicAgreed")) : pill("quiet", "ban", t("topicRefused")),
      ),
      words ? h("details", {}, h("summary", {}, t("topicWords")), h("p", {}, pick(words.text))) : null,
      children.length ? h("ul", { class: "stack" }, ...children.map(one)) : null,
      basis === "law"
        ? null
        : h(
            "div",
            { class: "item__deeds" },
            given
              ? h("button", { type: "button", class: "button button--plain", "aria-label": t("topicWithdrawWhat", { topic: called }), onclick: withdraw }, t("topicWithdraw"))
              : h("button", { type: "button", class: "button button--plain", "aria-label": t("topicAgreeWhat", { topic: called }), onclick: agree }, t("topicAgree")),
          ),
    );
  };

  /** Notices on this browser, on or off. @param {string} key @param {boolean} told */
  const here = (key, told) => {
    const toggle = () =>
      void attempt(async () => {
        if (told) {
          await turnOff((method, path) => session.call(method, path, { signal }));
          return t("browserIsOff");
        }
        const became = await turnOn(session, key, signal);
        if (became === "on") return t("browserIsOn");
        const words = t(became === "refused" ? "browserRefused" : "browserUnable");
        say(words);
        problem.replaceChildren(notice("caution", "info", words));
        return null;
      });
    return h(
      "section",
      { class: "panel stack item", "aria-labelledby": "browser-title", "data-browser": told ? "on" : "off" },
      h(
        "div",
        { class: "item__head" },
        h("h2", { id: "browser-title" }, t("browserTitle")),
        told ? pill("good", "check", t("browserOn")) : pill("quiet", "ban", t("browserOff")),
      ),
      h("p", { class: "quiet" }, t("browserLead")),
      h(
        "div",
        { class: "item__deeds" },
        h("button", { type: "button", class: "button button--plain", onclick: toggle }, t(told ? "browserTurnOff" : "browserTurnOn")),
      ),
    );
  };

  /** @param {Preferences} preferences */
  const ways = (preferences) => {
    const order = [...preferences.channels, ...preferences.offered.filter((each) => !preferences.channels.includes(each))];
    const used = new Set(preferences.channels);
    const list = h("ul", { class: "stack" });
    const draw = () => list.replaceChildren(...order.map(channel));
    /** @param {string} name @param {number} place */
    const channel = (name, place) => {
      const words = channelName(name);
      const box = tick(words, { checked: used.has(name), onchange: () => (box.input.checked ? used.add(name) : used.delete(name)) });
      const up = () => {
        order.splice(place - 1, 2, name, order[place - 1] ?? "");
        draw();
      };
      return h(
        "li",
        { class: "channel" },
        box.node,
        place ? h("button", { type: "button", class: "button button--plain", "aria-label": t("channelUp", { channel: words }), onclick: up }, "↑") : null,
      );
    };
    draw();
    const from = field("quiet-from", t("quietFrom"), { type: "time", value: preferences.quiet.start });
    const to = field("quiet-to", t("quietTo"), { type: "time", value: preferences.quiet.end });
    const send = () =>
      attempt(async () => {
        await session.call("PUT", PREFERENCES, {
          body: {
            channels: order.filter((each) => used.has(each)),
            quiet: { start: from.input.value, end: to.input.value },
            topicsOff: preferences.topicsOff,
            language: preferences.language,
          },
          signal,
        });
        return t("remindersSaved");
      });
    return h(
      "section",
      { class: "stack", "aria-labelledby": "channels-title" },
      h("h2", { class: "section-title", id: "channels-title" }, t("channelsTitle")),
      h("p", { class: "quiet" }, t(order.length ? "channelsLead" : "channelsNone")),
      form(
        t("remindersSave"),
        [
          list,
          h("fieldset", { class: "panel choice" }, h("legend", {}, t("quietTitle")), h("p", { class: "quiet" }, t("quietLead")), from.node, to.node),
        ],
        send,
      ),
    );
  };

  void load();
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("remindersTitle")), h("p", { class: "quiet" }, t("remindersLead"))),
    h("a", { class: "more", href: "#/notices" }, icon("list"), t("noticesTitle")),
    problem,
    box,
  );
  return { title: t("remindersTitle"), node, back: "#/me" };
}
