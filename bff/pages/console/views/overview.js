// What waits in each lane, how well it goes, and who is asked at all.

import { h } from "../../shared/dom.js";
import { moment } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { attempting, fill, pill } from "../../shared/parts.js";
import { every, facts, number, reasonField } from "../forms.js";
import { t } from "../messages.js";

/** @typedef {import("../../shared/wire.js").LaneInfo} LaneInfo */
/** @typedef {import("../../shared/wire.js").ProviderInfo} ProviderInfo */
/** @typedef {import("../../shared/wire.js").PushFigures} PushFigures */

const BREAKERS = /** @type {const} */ ({ closed: ["good", "check"], half_open: ["caution", "clock"], open: ["bad", "ban"] });
const HOLDS = /** @type {const} */ ([
  ["open", "holdOpen"],
  ["closed", "holdClosed"],
  ["automatic", "holdAutomatic"],
]);

/**
 * @param {import("../app.js").Context} context
 * @returns {import("../app.js").View}
 */
export function overviewView({ session, signal, go }) {
  const lanes = h("div", { class: "stack" });
  const figures = h("div", { class: "stack" });
  const providers = h("div", { class: "stack" });
  const problem = h("div", {});

  const waiting = async () => (await session.call("GET", "/verifier/v1/push/lanes", { signal })).data;
  const going = async () => (await session.call("GET", "/verifier/v1/push/figures", { signal })).data;
  const asked = async () => (await session.call("GET", "/verifier/v1/push/providers", { signal })).data;
  const look = async () => {
    const [now, well] = await Promise.all([waiting(), going()]);
    if (signal.aborted) return;
    lanes.replaceChildren(...lanesOf(now));
    figures.replaceChildren(...figuresOf(well));
  };
  const list = () => fill(providers, signal, asked, (found) => providersOf(found), 1);
  const attempt = attempting(problem, signal, list);

  /** @param {ProviderInfo[]} found */
  const providersOf = (found) => (found.length ? found.map(providerOf) : [h("p", { class: "panel quiet" }, t("noProviders"))]);

  /** @param {ProviderInfo} provider @param {number} index */
  const providerOf = (provider, index) => {
    const [tone, symbol] = BREAKERS[provider.breaker];
    const reason = reasonField(`reason-${index}`);
    const form = h("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => event.preventDefault() }, reason.node, h("div", { class: "buttons" }, ...HOLDS.map(([hold, words]) => h(
      "button",
      {
        type: "button",
        class: "button button--plain",
        onclick: () => {
          if (!reason.input.reportValidity()) return;
          void attempt(async () => {
            await session.call("POST", "/verifier/v1/push/providers/hold", { body: { name: provider.name, hold, reason: reason.input.value.trim() }, signal });
            return t("held", { name: provider.name });
          });
        },
      },
      t(words),
    ))));
    return h(
      "div",
      { class: "panel stack" },
      h("h3", { class: "section-title" }, provider.name, pill(tone, symbol, t(`breaker_${provider.breaker}`) + (provider.byHand ? ` · ${t("byHand")}` : ""))),
      h("p", { class: "quiet" }, [t("calls", { calls: number(provider.calls), bad: number(provider.bad) }), provider.awaited ? t("unheard", { awaited: number(provider.awaited), unheard: number(provider.unheard) }) : "", provider.restsSeconds ? t("rests", { seconds: provider.restsSeconds }) : "", provider.why].filter(Boolean).join(" · ")),
      h("details", {}, h("summary", {}, t("hold")), form),
    );
  };

  void fill(lanes, signal, waiting, lanesOf, 1);
  void fill(figures, signal, going, figuresOf, 1);
  void list();
  every(signal, look);
  const node = h(
    "div",
    { class: "stack" },
    h("h1", { class: "page-title" }, t("overviewTitle")),
    h("h2", { class: "section-title" }, t("lanes")),
    lanes,
    figures,
    h("h2", { class: "section-title" }, t("providers")),
    problem,
    providers,
    h(
      "button",
      {
        type: "button",
        class: "button button--plain button--wide",
        onclick: () => {
          void session.end();
          go("#/sign-in");
        },
      },
      icon("leave"),
      t("signOut"),
    ),
  );
  return { title: t("overviewTitle"), node, tab: "" };
}

/** @param {LaneInfo[]} found */
function lanesOf(found) {
  return found.map((lane) =>
    h(
      "div",
      { class: "panel stack" },
      h("h3", { class: "section-title" }, t(`lane_${lane.lane}`), lane.due + lane.sending ? null : pill("good", "check", t("nothingWaits"))),
      h("dl", { class: "counts" }, ...[
        [t("laneDue"), number(lane.due)],
        [t("laneSending"), number(lane.sending)],
        [t("laneLater"), number(lane.later)],
      ].map(([name, count]) => h("div", {}, h("dt", {}, name), h("dd", {}, count)))),
      lane.oldestDueAt ? h("p", { class: "quiet" }, `${t("laneOldest")} ${moment(lane.oldestDueAt)}`) : null,
    ),
  );
}

/** @param {PushFigures} well */
function figuresOf(well) {
  /** @param {number} count @param {number} of */
  const share = (count, of) => (of ? t("share", { count: number(count), percent: ((count / of) * 100).toFixed(1) }) : number(count));
  return [
    h("h2", { class: "section-title" }, well.calls ? t("figures", { calls: number(well.calls) }) : t("noCalls")),
    h(
      "div",
      { class: "panel" },
      facts([
        [t("accepted"), share(well.accepted, well.calls)],
        [t("soon"), share(well.withinTenSeconds, well.accepted)],
        [t("refused"), share(well.refused, well.calls)],
        [t("unknown"), share(well.unknown, well.calls)],
        [t("deadCount"), number(well.dead)],
      ]),
    ),
  ];
}
