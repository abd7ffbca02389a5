// Codes of one's family (亲属码): whom one may act for, their colours in one list, and a code to show for each.

import { colourTag } from "../../shared/colours.js";
import { h } from "../../shared/dom.js";
import { dayAndTime } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { attempting, fill, notice } from "../../shared/parts.js";
import { CodeBox } from "../code-box.js";
import { sure } from "../dialog.js";
import { button } from "../forms.js";
import { t } from "../messages.js";
import { kindName } from "../words.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").FamilyHealthCode} Member */
/** @typedef {import("../../shared/wire.js").FamilyHealthCodes} Members */
/** @typedef {import("../../shared/wire.js").ActingGrant} Grant */

const PATH = "/mp/v1/health-code/family";

/**
 * @param {Context} context
 * @returns {View}
 */
export function familyView({ session, signal }) {
  const problem = h("div", { class: "stack" });
  const box = h("div", { class: "stack" });
  const attempt = attempting(problem, signal, () => load());
  /** @param {Grant} grant */
  const add = (grant) =>
    attempt(async () => {
      await session.call("POST", PATH, { body: { grantId: grant.id }, signal });
      return t("familyAdded", { name: grant.name ?? "" });
    });
  /** @param {Member} member */
  const remove = (member) =>
    attempt(async () => {
      if (!(await sure({ title: t("familyRemoveAsk", { name: member.name }), lead: t("familyRemoveLead"), yes: t("familyRemove") }, signal))) return null;
      await session.call("DELETE", `${PATH}/${member.grantId}`, { signal });
      return t("familyRemoved", { name: member.name });
    });
  const load = () =>
    fill(
      box,
      signal,
      async () => {
        const [codes, grants] = await Promise.all([session.call("GET", PATH, { signal }), session.call("GET", "/mp/v1/grants", { signal })]);
        return { codes: /** @type {Members} */ (codes.data), grants: /** @type {Grant[]} */ (grants.data.items) };
      },
      ({ codes, grants }) => [...list(codes, remove), ...candidates(codes, grants, add)],
    );
  void load();
  const node = h(
    "div",
    { class: "stack" },
    h("div", {}, h("h1", { class: "page-title" }, t("familyTitle")), h("p", { class: "quiet" }, t("familyLong"))),
    problem,
    box,
  );
  return { title: t("familyTitle"), node, back: "#/health" };
}

/** @param {Members} codes @param {(member: Member) => void} remove */
function list({ items, most }, remove) {
  if (!items.length) return [h("div", { class: "empty panel" }, icon("people"), h("p", {}, t("familyNobody")))];
  const entries = items.map((member) =>
    h(
      "li",
      { class: "panel stack member", "data-colour": member.colour },
      h("div", { class: "member__head" }, h("h2", {}, member.name), colourTag(member.colour)),
      h("p", { class: "quiet" }, [kindName(member.kind), t("healthSince", { when: dayAndTime(member.since) }), t("healthAsOf", { when: dayAndTime(member.asOf) })].join(" · ")),
      h(
        "div",
        { class: "member__deeds" },
        h("a", { class: "button", href: `#/health/family/${member.grantId}` }, icon("qr"), t("familyShow")),
        button(t("familyRemove"), () => remove(member), { label: t("familyRemoveWho", { name: member.name }) }),
      ),
    ),
  );
  return [h("ul", { class: "stack" }, ...entries), h("p", { class: "quiet" }, t("familyMost", { count: items.length, most }))];
}

/** Whom one may act for and who is not in the list. @param {Members} codes @param {Grant[]} grants @param {(grant: Grant) => void} add */
function candidates({ items, most }, grants, add) {
  const there = new Set(items.map((member) => member.grantId));
  const may = grants.filter(({ id, side, state, kind }) => side === "agent" && state === "active" && ["family", "guardian"].includes(kind) && !there.has(id));
  return [
    h(
      "section",
      { class: "stack", "aria-labelledby": "family-add" },
      h("h2", { class: "section-title", id: "family-add" }, t("familyAdd")),
      may.length ? null : h("p", { class: "quiet" }, t("familyAddNobody")),
      ...(items.length < most ? may : []).map((grant) => button(t("familyAddWho", { name: grant.name ?? "", kind: kindName(grant.kind) }), () => add(grant), { icon: icon("person") })),
      h("a", { class: "button button--plain button--wide", href: "#/acting" }, t("actingTitle")),
    ),
  ];
}

/**
 * One of them, to be shown.
 *
 * @param {Context} context
 * @param {string} grantId
 * @returns {View}
 */
export function memberView(context, grantId) {
  const { session, signal } = context;
  const node = h("div", { class: "stack" });
  void fill(
    node,
    signal,
    async () => /** @type {Members} */ ((await session.call("GET", PATH, { signal })).data).items.find((each) => each.grantId === grantId) ?? null,
    (member) => {
      if (!member) return [notice("caution", "info", t("familyGone"))];
      const box = new CodeBox(context, `${PATH}/${encodeURIComponent(grantId)}/codes`);
      void box.open();
      return [
        h("div", { class: "member__head", "data-colour": member.colour }, h("h1", { class: "page-title" }, member.name), colourTag(member.colour)),
        h("p", { class: "quiet" }, [kindName(member.kind), t("healthAsOf", { when: dayAndTime(member.asOf) })].join(" · ")),
        h("div", { "data-colour": member.colour }, box.node),
      ];
    },
    2,
  );
  return { title: t("familyTitle"), node, back: "#/health/family" };
}
