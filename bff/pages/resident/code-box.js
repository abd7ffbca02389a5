// A health code on the screen: asked for, counted down, renewed before it ends, and given up in the end.

import { h } from "../shared/dom.js";
import { clockTime } from "../shared/i18n.js";
import { icon } from "../shared/icons.js";
import { say } from "../shared/live.js";
import { isAbort, report, trouble, waiting } from "../shared/parts.js";
import { jittered, pause, visible } from "../shared/pause.js";
import { clocks, ring, secondsLeft } from "./countdown.js";
import { mayPass } from "./follow.js";
import { t } from "./messages.js";
import { drawQr } from "../shared/qr.js";

/** @typedef {import("./app.js").Context} Context */
/** @typedef {import("../shared/wire.js").HealthCodeTicket} HealthCodeTicket */

const RENEWALS = 9; // after that someone must ask: a forgotten phone must not make codes all night
const EARLY = 5; // seconds before its end, at most, that a code is renewed: not all phones at once
const AGAIN = 5_000;

export class CodeBox {
  node = h("div", { class: "health__code" }, waiting(1));
  #context;
  #path;
  #instead;
  #told;
  #body;
  #most;
  #renewals = RENEWALS;
  /** Ends with each shown code. */
  #life = new AbortController();

  /**
   * @param {Context} context
   * @param {string} path Where a code is to be had.
   * @param {object} [around]
   * @param {() => Node[]} [around.instead] What to show as well while none is to be had, though it may be in a moment.
   * @param {(ticket: any) => void} [around.told] Hears of each code.
   * @param {unknown} [around.body] What to ask for it with.
   * @param {number} [around.renewals] How often it is renewed before somebody must ask.
   */
  constructor(context, path, { instead = () => [], told = () => {}, body = {}, renewals = RENEWALS } = {}) {
    this.#context = context;
    this.#path = path;
    this.#instead = instead;
    this.#told = told;
    this.#body = body;
    this.#most = renewals;
    context.signal.addEventListener("abort", () => this.#life.abort());
  }

  /** Somebody asked for a code. */
  async open() {
    this.#renewals = this.#most;
    await this.#renew();
  }

  async #renew() {
    const { session, signal } = this.#context;
    this.#life.abort();
    this.#life = new AbortController();
    const asked = clocks();
    try {
      const { data, date } = await session.call("POST", this.#path, { body: this.#body, signal });
      if (signal.aborted) return;
      this.#draw(data, date ?? Date.now(), asked);
      this.#told(data);
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      report(error);
      const retry = () => void this.#anew();
      if (!mayPass(error)) return this.node.replaceChildren(trouble(error, retry));
      this.node.replaceChildren(...this.#instead(), trouble(error, retry));
      await this.#later();
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
    this.node.replaceChildren(
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
    const timer = setInterval(tick, 250);
    life.addEventListener("abort", () => clearInterval(timer));
    tick();
  }

  #timeUp() {
    this.#life.abort();
    if (document.hidden || this.#renewals === 0) return this.#pause();
    this.#renewals -= 1;
    void this.#renew();
  }

  #pause() {
    this.node.replaceChildren(
      h("div", { class: "show__end" }, icon("clock"), h("h2", {}, t("healthPaused")), h("p", {}, t("healthPausedLead"))),
      h("button", { type: "button", class: "button button--wide", onclick: () => void this.#anew() }, icon("qr"), t("showAgain")),
    );
  }

  async #anew() {
    await this.open();
    if (!this.#context.signal.aborted) say(t("healthRenewed"));
  }
}
