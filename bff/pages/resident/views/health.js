// The health code (健康码): a code that is renewed each minute, its colour, and why it is so.

import { keepAwake } from "../../shared/awake.js";
import { ageWords, colourName } from "../../shared/colours.js";
import { h } from "../../shared/dom.js";
import { dayAndTime } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { isAbort, notice, report } from "../../shared/parts.js";
import { CodeBox } from "../code-box.js";
import { follow } from "../follow.js";
import { menuEntry } from "../../shared/menu.js";
import { t } from "../messages.js";
import { offlineCode, prefetch } from "../offline-code.js";
import { why } from "../why.js";
import { carriedAge, carriedCode, carriedFace, faceOf } from "./carried.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").HealthCode} HealthCode */

const CODE = "/mp/v1/health-code";

/**
 * @param {Context} context
 * @returns {View}
 */
export function healthView(context) {
  const node = h("section", { class: "health", "data-colour": "GREY", "aria-labelledby": "health-title" });
  if (context.acting.may("health:show")) new Health(context, node).begin();
  else node.append(h("div", { class: "health__sheet" }, h("h1", { id: "health-title" }, t("healthTitle")), notice("quiet", "ban", t("mayNotShow"), h("p", {}, t("mayNotLead"))), back("#/cards")));
  return { title: t("healthTitle"), node, bare: true };
}

/** @param {string} to */
export function back(to) {
  return h("a", { class: "health__back", href: to }, icon("back"), t("back"));
}

class Health {
  #context;
  #node;
  #face = h("div", { class: "health__face" });
  #age = h("p", { class: "health__age" });
  #why = h("div", { class: "stack" });
  #line = h("p", { class: "health__line quiet" });
  /** What is known, and when by our clock it was heard. @type {{ code: HealthCode, heard: number } | null} */
  #known = null;

  /** @param {Context} context @param {HTMLElement} node */
  constructor(context, node) {
    this.#context = context;
    this.#node = node;
    keepAwake(context.signal);
  }

  begin() {
    const { signal } = this.#context;
    const box = new CodeBox(this.#context, `${CODE}/codes`, {
      instead: () => this.#carried(),
      told: ({ colour }) => colour !== this.#known?.code.colour && void this.#read(),
    });
    this.#node.append(
      h("header", { class: "health__head" }, back("#/cards"), h("h1", { id: "health-title" }, t("healthTitle")), this.#face, this.#age),
      h("div", { class: "health__sheet" }, box.node, this.#line, this.#why, menu(this.#context)),
    );
    void box.open();
    void follow(this.#context, {
      code: (code) => this.#told(code),
      live: (live) => this.#tellLine(live),
    });
    const timer = setInterval(() => this.#tellAge(), 1000);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** A colour that grew too old is no event, and yet another. */
  async #read() {
    const { session, signal } = this.#context;
    try {
      this.#told((await session.call("GET", CODE, { signal })).data);
    } catch (error) {
      if (!isAbort(error)) report(error);
    }
  }

  /** @param {HealthCode} code */
  #told(code) {
    const { signal } = this.#context;
    if (signal.aborted) return;
    const before = this.#known?.code;
    // Of two answers that crossed on their way the later judgement counts.
    if (before && Date.parse(before.asOf) > Date.parse(code.asOf)) return;
    this.#known = { code, heard: performance.now() };
    const name = colourName(code.colour);
    this.#paint(code.colour, code.name, t("healthSince", { when: dayAndTime(code.since) }));
    this.#tellAge();
    this.#why.replaceChildren(...why(code));
    if (before && before.colour !== code.colour) {
      navigator.vibrate?.([160, 80, 160]);
      say(t("healthTurned", { colour: name }), { now: true });
    }
    void prefetch(this.#context, code.colour);
  }

  /** @param {HealthCode["colour"]} colour @param {string} name @param {string} since */
  #paint(colour, name, since) {
    this.#node.dataset.colour = colour;
    this.#face.replaceChildren(...faceOf(colour, name, since));
  }

  /** @param {boolean} live Whether a change is heard of at once. */
  #tellLine(live) {
    this.#line.replaceChildren(icon(live ? "flash" : "clock"), t(live ? "healthLive" : "healthPolled"));
  }

  #tellAge() {
    if (!this.#known) return;
    const { code, heard } = this.#known;
    const age = code.ageSeconds + (performance.now() - heard) / 1000;
    this.#age.textContent = `${t("healthAsOf", { when: dayAndTime(code.asOf) })} · ${ageWords(age)}`;
  }

  /** The offline code, while no other is to be had: it says a colour of its own, which is then the one shown. */
  #carried() {
    const code = this.#context.acting.now ? null : offlineCode();
    if (!code) return [];
    this.#node.dataset.colour = code.colour;
    this.#face.replaceChildren(...carriedFace(code));
    this.#age.textContent = carriedAge(code);
    this.#known = null;
    this.#tellLine(false);
    return carriedCode(code);
  }
}

/** What else there is to do with a health code. @param {Context} context */
function menu({ acting }) {
  return h(
    "nav",
    { class: "panel menu", "aria-label": t("healthMore") },
    acting.now ? null : menuEntry("#/health/family", "people", t("familyTitle"), t("familyLead")),
    menuEntry("#/health/together", "qr", t("togetherTitle"), t("togetherLead")),
    acting.now ? null : menuEntry("#/health/bring", "globe", t("bringTitle"), t("bringLead")),
    menuEntry("#/health/paper", "page", t("paperTitle"), t("paperLead")),
    menuEntry("#/health/checkin", "camera", t("checkInTitle"), t("checkInLead")),
    menuEntry("#/health/appeals", "list", t("appealsTitle"), t("appealsLead")),
    menuEntry("#/health/declare", "text", t("declareTitle"), t("declareLead")),
  );
}
