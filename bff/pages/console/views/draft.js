// Drafting a campaign: whom it is for, how many that are, and what it says.

import { h } from "../../shared/dom.js";
import { isAbort, notice, report, trouble } from "../../shared/parts.js";
import { choice, field, number } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../../shared/wire.js").AudiencePreview} AudiencePreview */

/** What residents agree to or refuse: account and health notices tell one person what happened to them. */
const TOPICS = /** @type {const} */ (["policy", "insurance", "pension", "expiry", "enrolment", "vaccination"]);

/**
 * @param {import("../app.js").Context} context
 * @returns {import("../app.js").View}
 */
export function draftView({ session, signal, go }) {
  const key = crypto.randomUUID();
  const problem = h("div", {});
  const counted = h("div", { role: "status" });
  const title = field("title", t("title"), { maxlength: 60 });
  const topic = choice("topic", t("topic"), TOPICS.map((name) => [name, t(`topic_${name}`)]));
  const kind = choice("class", t("messageClass"), [
    ["service", t("service")],
    ["marketing", t("marketing")],
  ]);
  const text = field("text", t("textZh"), { maxlength: 20 });
  const textEn = field("text-en", t("textEn"), { maxlength: 60 });
  const link = field("link", t("link"), { required: false, maxlength: 200, pattern: "#/[a-z0-9/\\-]*" });
  const hours = field("hours", t("hours"), { type: "number", min: 1, max: 1440, value: 24 });
  const perMinute = field("per-minute", t("perMinute"), { type: "number", min: 60, max: 6_000_000, value: 60_000 });
  const districts = field("districts", t("draftDistricts"), { required: false, pattern: "( *[0-9]{2}([0-9]{2}){0,2} *)*" });
  const ageFrom = field("age-from", t("ageFrom"), { required: false, type: "number", min: 14, max: 120 });
  const ageTo = field("age-to", t("ageTo"), { required: false, type: "number", min: 14, max: 120 });
  const sex = choice("sex", t("sex"), [
    ["", t("anySex")],
    ["F", t("sexF")],
    ["M", t("sexM")],
  ]);
  const name = field("attribute", t("attributeName"), { required: false, pattern: "[a-z][a-z0-9\\-]{0,39}" });
  const values = field("values", t("attributeValues"), { required: false });
  const agreed = h("input", { type: "checkbox" });

  const audience = () => ({
    districts: words(districts.input),
    ageFrom: ageFrom.input.value ? Number(ageFrom.input.value) : null,
    ageTo: ageTo.input.value ? Number(ageTo.input.value) : null,
    sex: sex.input.value || null,
    agreed: agreed.checked,
    attributes: name.input.value ? [{ name: name.input.value.trim(), values: words(values.input) }] : [],
  });
  /** @param {() => Promise<void>} deed */
  const tried = async (deed) => {
    problem.replaceChildren();
    try {
      await deed();
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      report(error);
      problem.replaceChildren(trouble(error));
      problem.scrollIntoView({ block: "nearest" });
    }
  };
  const look = () =>
    tried(async () => {
      const body = { topic: topic.input.value, audience: audience() };
      const { data } = await session.call("POST", "/verifier/v1/push/campaigns/preview", { body, signal, timeout: 30_000 });
      counted.replaceChildren(...previewOf(data));
    });
  const save = () =>
    tried(async () => {
      const body = {
        title: title.input.value.trim(),
        topic: topic.input.value,
        messageClass: kind.input.value,
        audience: audience(),
        text: text.input.value.trim(),
        textEn: textEn.input.value.trim(),
        link: link.input.value.trim(),
        usefulUntil: new Date(Date.now() + Number(hours.input.value) * 3_600_000).toISOString(),
        perMinute: Number(perMinute.input.value),
      };
      const { data } = await session.call("POST", "/verifier/v1/push/campaigns", { body, signal, headers: { "Idempotency-Key": key }, timeout: 30_000 });
      go(`#/campaign/${data.id}`);
    });
  const form = h(
    "form",
    {
      class: "stack",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void save();
      },
    },
    h("div", { class: "panel stack" }, title.node, text.node, textEn.node, link.node, topic.node, kind.node),
    h(
      "div",
      { class: "panel stack" },
      districts.node,
      ageFrom.node,
      ageTo.node,
      sex.node,
      name.node,
      values.node,
      h("label", { class: "tick" }, agreed, h("span", {}, t("agreedOnly"))),
      h("button", { type: "button", class: "button button--plain button--wide", onclick: () => void look() }, t("preview")),
      counted,
    ),
    h("div", { class: "panel stack" }, hours.node, perMinute.node),
    problem,
    h("button", { type: "submit", class: "button button--wide" }, t("saveDraft")),
  );
  const node = h("div", { class: "stack" }, h("h1", { class: "page-title" }, t("draftTitle")), form);
  return { title: t("draftTitle"), node, tab: "campaigns" };
}

/** @param {HTMLInputElement} input */
function words(input) {
  return input.value.split(/[\s,，]+/).filter(Boolean);
}

/** @param {AudiencePreview} found */
function previewOf({ count, exact, lookedAt, sample }) {
  const told = exact ? t("previewExact", { count: number(count) }) : t("previewAbout", { count: number(count), looked: number(lookedAt) });
  return [notice("quiet", "people", told, sample.length ? h("p", {}, t("previewSample", { names: sample.join("，") })) : null)];
}
