// The health code (健康码): a code that is renewed each minute, its colour, and why it is so.

import { keepAwake } from "../../shared/awake.js";
import { ageWords, colourMark, colourName } from "../../shared/colours.js";
import { h } from "../../shared/dom.js";
import { clockTime, dayAndTime } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { isAbort, notice, report, trouble, waiting } from "../../shared/parts.js";
import { jittered, pause, visible } from "../../shared/pause.js";
import { clocks, ring, secondsLeft } from "../countdown.js";
import { follow, mayPass } from "../follow.js";
import { t } from "../messages.js";
import { drawQr } from "../qr.js";
import { why } from "../why.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").HealthCode} HealthCode */
/** @typedef {import("../../shared/wire.js").HealthCodeTicket} HealthCodeTicket */

const RENEWALS = 9; // after that someone must ask: a forgotten phone must not make codes all night
const EARLY = 5; // seconds before its end, at most, that a code is renewed: not all phones at once
const AGAIN = 5_000;

/**
 * @param {Context} context
 * @returns {View}
 */
export function healthView(context) {
  const node = h("section", { class: "health", "data-colour": "GREY", "aria-labelledby": "health-title" });
  if (context.acting.may("health:show")) new Health(context, node).begin();
  else node.append(h("div", { class: "health__sheet" }, notice("quiet", "ban", t("mayNotShow"), h("p", {}, t("mayNotLead"))), back()));
  return { title: t("healthTitle"), node, bare: true };
}

class Health {
  #context;
  #node;
  #face = h("div", { class: "health__face" });
  #age = h("p", { class: "health__age" });
  #qr = h("div", { class: "health__code" }, waiting(1));
  #why = h("div", { class: "stack" });
  #line = h("p", { class: "health__line quiet" });
  #renewals = RENEWALS;
  /** What is known, and when by our clock it was heard. @type {{ code: HealthCode, heard: number } | null} */
  #known = null;
  /** Ends with each shown code. */
  #life = new AbortController();

  /** @param {Context} context @param {HTMLElement} node */
  constructor(context, node) {
    this.#context = context;
    this.#node = node;
    context.signal.addEventListener("abort", () => this.#life.abort());
    keepAwake(context.signal);
  }

  begin() {
    const { signal } = this.#context;
    this.#node.append(
      h("header", { class: "health__head" }, back(), h("h1", { id: "health-title" }, t("healthTitle")), this.#face, this.#age),
      h("div", { class: "health__sheet" }, this.#qr, this.#line, this.#why),
    );
    void this.#renew();
    void follow(this.#context, {
      code: (code) => this.#told(code),
      live: (live) => this.#line.replaceChildren(icon(live ? "flash" : "clock"), t(live ? "healthLive" : "healthPolled")),
    });
    const timer = setInterval(() => this.#tellAge(), 1000);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** @param {HealthCode} code */
  #told(code) {
    const { signal } = this.#context;
    if (signal.aborted) return;
    const before = this.#known?.code;
    // Of two answers that crossed on their way the later judgement counts.
    if (before && Date.parse(before.asOf) > Date.parse(code.asOf)) return;
    this.#known = { code, heard: performance.now() };
    this.#node.dataset.colour = code.colour;
    const name = colourName(code.colour);
    this.#face.replaceChildren(
      colourMark(code.colour),
      h("p", { class: "health__colour" }, name),
      h("p", { class: "health__name" }, code.name),
      h("p", { class: "health__since" }, t("healthSince", { when: dayAndTime(code.since) })),
    );
    this.#tellAge();
    this.#why.replaceChildren(...why(code));
    if (before && before.colour !== code.colour) {
      navigator.vibrate?.([160, 80, 160]);
      say(t("healthTurned", { colour: name }), { now: true });
    }
  }

  #tellAge() {
    if (!this.#known) return;
    const { code, heard } = this.#known;
    const age = code.ageSeconds + (performance.now() - heard) / 1000;
    this.#age.textContent = `${t("healthAsOf", { when: dayAndTime(code.asOf) })} · ${ageWords(age)}`;
  }

  async #renew() {
    const { session, signal } = this.#context;
    this.#life.abort();
    this.#life = new AbortController();
    const asked = clocks();
    try {
      const { data, date } = await session.call("POST", "/mp/v1/health-code/codes", { body: {}, signal });
      if (!signal.aborted) this.#draw(data, date ?? Date.now(), asked);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      report(error);
      this.#qr.replaceChildren(trouble(error, () => void this.#anew()));
      if (mayPass(error)) await this.#later();
    }
  }

  /** Once more by itself, in a moment, while somebody looks. */
  async #later() {
    const life = this.#life.signal;
    await pause(jittered(AGAIN), life);
    await visible(life);
    if (!life.aborted) await this.#renew();
  }

  /** @param {HealthCodeTicket} ticket @param {number} date The server's clock. @param {{ monotonic: number, wall: number }} asked */
  #draw(ticket, date, asked) {
    const life = this.#life.signal;
    const rest = ring(t("timerLabel"));
    const clock = h("span", { class: "mark__clock" });
    this.#qr.replaceChildren(
      h("div", { class: "show__qr" }, drawQr(ticket.code, t("healthQr"))),
      h("div", { class: "mark", "aria-hidden": "true" }, h("span", { class: "mark__live" }, t("liveMark")), clock, h("span", { class: "mark__run" })),
      h(
        "div",
        { class: "health__time" },
        rest.node,
        h("p", { class: "quiet" }, t("noScreenshot")),
        h("button", { type: "button", class: "button button--plain", onclick: () => void this.#anew() }, icon("refresh"), t("healthRenew")),
      ),
    );
    const spoken = { issuedAt: new Date(date).toISOString(), expiresAt: ticket.expiresAt };
    const early = 1 + Math.random() * (EARLY - 1);
    const whole = secondsLeft(spoken, asked, asked) - early;
    const tick = () => {
      const left = Math.max(0, secondsLeft(spoken, asked, clocks()) - early);
      rest.show(left, whole);
      clock.textContent = clockTime(date + (clocks().monotonic - asked.monotonic));
      if (left === 0) this.#timeUp();
    };
    tick();
    const timer = setInterval(tick, 250);
    life.addEventListener("abort", () => clearInterval(timer));
  }

  #timeUp() {
    this.#life.abort();
    if (document.hidden || this.#renewals === 0) return this.#pause();
    this.#renewals -= 1;
    void this.#renew();
  }

  #pause() {
    this.#qr.replaceChildren(
      h("div", { class: "show__end" }, icon("clock"), h("h2", {}, t("healthPaused")), h("p", {}, t("healthPausedLead"))),
      h("button", { type: "button", class: "button button--wide", onclick: () => void this.#anew() }, icon("qr"), t("showAgain")),
    );
  }

  /** Somebody asked for a new code. */
  async #anew() {
    this.#renewals = RENEWALS;
    await this.#renew();
    say(t("healthRenewed"));
  }
}

function back() {
  return h("a", { class: "health__back", href: "#/cards" }, icon("back"), t("back"));
}
