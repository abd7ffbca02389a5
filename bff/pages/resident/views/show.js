// Showing a certificate (亮证): a code that lives for seconds, and word of its use at once.
//
//   opening ──ticket──▶ open ──used──▶ used
//      ▲                 │
//      │   renewals left │ time is up
//      └─────────────────┤
//                        └─no renewals left──▶ ended ──"make a new code"──▶ opening

import { keepAwake } from "../../shared/awake.js";
import { h } from "../../shared/dom.js";
import { Refused } from "../../shared/http.js";
import { clockTime, pick } from "../../shared/i18n.js";
import { icon } from "../../shared/icons.js";
import { say } from "../../shared/live.js";
import { isAbort, report, trouble, waiting } from "../../shared/parts.js";
import { pause, visible } from "../../shared/pause.js";
import { drawQr } from "../../shared/qr.js";
import { look } from "../../shared/verdicts.js";
import { emblem, lookOf } from "../cards.js";
import { clocks, ring, secondsLeft } from "../countdown.js";
import { claimLabels } from "../labels.js";
import { t } from "../messages.js";
import { claimNames, facts } from "../records.js";

/** @typedef {import("../app.js").Context} Context */
/** @typedef {import("../app.js").View} View */
/** @typedef {import("../../shared/wire.js").CredentialDetail} CredentialDetail */
/** @typedef {import("../../shared/wire.js").Ticket} Ticket */
/** @typedef {import("../../shared/wire.js").Progress} Progress */
/** @typedef {import("../../shared/wire.js").UsageRecord} UsageRecord */
/** @typedef {{ monotonic: number, wall: number }} Clocks */

const RENEWALS = 3; // after that someone must ask: a forgotten phone must not make codes all night
const POLL = 1000;
const SOON = 10;

/**
 * @param {Context} context
 * @param {string} id
 * @param {string} scene
 * @returns {View}
 */
export function showView(context, id, scene) {
  const node = h("section", { class: "show" }, waiting(2));
  void new Showing(context, node, id, scene).begin();
  return { title: t("show"), node, bare: true };
}

class Showing {
  #context;
  #node;
  #id;
  #scene;
  /** @type {CredentialDetail | null} */
  #card = null;
  /** @type {import("../labels.js").Labels} */
  #labels = new Map();
  #renewals = RENEWALS;
  /** The code on the screen, while it may still be used. @type {Ticket | null} */
  #shown = null;
  /** Ends with each code: its countdown and its polling. */
  #life = new AbortController();

  /**
   * @param {Context} context
   * @param {HTMLElement} node
   * @param {string} id
   * @param {string} scene
   */
  constructor(context, node, id, scene) {
    this.#context = context;
    this.#node = node;
    this.#id = id;
    this.#scene = scene;
    context.signal.addEventListener("abort", () => {
      this.#life.abort();
      this.#withdraw();
    });
    window.addEventListener("pagehide", () => this.#withdraw(), { signal: context.signal });
    keepAwake(context.signal);
  }

  async begin() {
    const { session, signal } = this.#context;
    try {
      const [{ data }, labels] = await Promise.all([
        session.call("GET", `/mp/v1/credentials/${encodeURIComponent(this.#id)}`, { signal }),
        claimLabels(),
      ]);
      this.#card = data;
      this.#labels = labels;
      this.#node.dataset.accent = lookOf(data.type).accent;
      document.title = `${t("showTitle", { name: pick(data.typeName) })} · ${t("app")}`;
      await this.#open();
    } catch (error) {
      this.#failed(error, () => void this.begin());
    }
  }

  async #open() {
    const { session, signal } = this.#context;
    this.#life.abort();
    this.#life = new AbortController();
    const asked = clocks();
    const { data } = await session.call("POST", "/mp/v1/presentations", {
      body: { credentialId: this.#id, scene: this.#scene },
      signal,
    });
    if (!signal.aborted) this.#draw(data, asked);
  }

  /** A new code because the old one died: by itself as long as renewals are left. */
  async #renew() {
    try {
      await this.#open();
      say(t("renewed"));
    } catch (error) {
      this.#failed(error, () => void this.#renew());
    }
  }

  /** @param {Ticket} ticket @param {Clocks} asked */
  #draw(ticket, asked) {
    const card = /** @type {CredentialDetail} */ (this.#card);
    const name = pick(card.typeName);
    const life = this.#life.signal;
    this.#shown = ticket;
    const qr = h("div", { class: "show__qr" }, drawQr(ticket.code, t("qrLabel", { name })));
    const rest = ring(t("timerLabel"));
    const clock = h("span", { class: "mark__clock" });
    const stop = h("a", { class: "button button--plain", href: `#/card/${this.#id}` }, t("close"));
    this.#sheet(
      h("p", { class: "show__hint" }, icon("sun"), t("holdUp")),
      qr,
      h("div", { class: "mark", "aria-hidden": "true" }, h("span", { class: "mark__live" }, t("liveMark")), clock, h("span", { class: "mark__run" })),
      h(
        "div",
        { class: "show__time" },
        rest.node,
        h(
          "div",
          {},
          h("p", { class: "show__sees" }, t("theySee")),
          h("p", { class: "show__claims" }, claimNames(ticket.claims, this.#card?.type ?? "", this.#labels)),
          h("p", { class: "quiet" }, t("noScreenshot")),
        ),
      ),
      h(
        "div",
        { class: "show__buttons" },
        h("button", { type: "button", class: "button button--plain", onclick: () => void this.#anew() }, icon("refresh"), t("renew")),
        stop,
      ),
    );

    let warned = false;
    const tick = () => {
      const left = secondsLeft(ticket, asked, clocks());
      const whole = Math.ceil(left);
      rest.show(left, secondsLeft(ticket, asked, asked));
      clock.textContent = clockTime(Date.parse(ticket.issuedAt) + (clocks().monotonic - asked.monotonic));
      if (whole <= SOON && !warned) {
        warned = true;
        say(t("tenLeft"));
      }
      if (left <= 0) this.#timeUp();
    };
    tick();
    const timer = setInterval(tick, 250);
    life.addEventListener("abort", () => clearInterval(timer));
    void this.#watch(ticket);
  }

  /**
   * Ask once a second what became of the code, while somebody is looking.
   *
   * @param {Ticket} ticket
   */
  async #watch(ticket) {
    const { session } = this.#context;
    const life = this.#life.signal;
    /** @type {string | null} */
    let etag = null;
    while (!life.aborted) {
      await pause(POLL, life);
      if (document.hidden) await visible(life);
      if (life.aborted) return;
      try {
        const answer = await session.call("GET", `/mp/v1/presentations/${ticket.presentationId}`, {
          signal: life,
          headers: etag ? { "If-None-Match": etag } : {},
        });
        if (answer.status === 304) continue;
        etag = answer.etag;
        const progress = /** @type {Progress} */ (answer.data);
        if (progress.state === "used" && progress.used) return this.#used(progress.used);
        if (progress.state === "ended") return this.#timeUp();
      } catch (error) {
        if (life.aborted || isAbort(error)) return;
        report(error);
        // The code is still good without us watching; slow down for a server that says so.
        if (error instanceof Refused && error.problem.status === 429) await pause(4 * POLL, life);
      }
    }
  }

  #timeUp() {
    this.#life.abort();
    this.#shown = null;
    if (document.hidden || this.#renewals === 0) return this.#ended();
    this.#renewals -= 1;
    return void this.#renew();
  }

  #ended() {
    const again = h("button", { type: "button", class: "button button--wide button--accent", onclick: () => void this.#anew() }, icon("qr"), t("showAgain"));
    this.#sheet(
      h("div", { class: "show__end" }, icon("clock"), h("h2", {}, t("endedTitle")), h("p", {}, t("endedLead"))),
      again,
      h("a", { class: "button button--plain button--wide", href: `#/card/${this.#id}` }, t("close")),
    );
    say(t("endedTitle"));
    again.focus({ preventScroll: true });
  }

  /** @param {UsageRecord} record */
  #used(record) {
    this.#life.abort();
    this.#shown = null;
    const { tone, icon: symbol, words } = look(record.verdict);
    const good = tone === "good";
    const name = pick(record.typeName);
    const title = t(good ? "usedBy" : "usedByRefused", { organisation: record.organisation, name });
    const done = h("a", { class: "button button--wide button--accent", href: "#/cards" }, t("done"));
    this.#sheet(
      h(
        "div",
        { class: "show__used", "data-tone": tone },
        h("span", { class: "seal" }, icon(symbol)),
        h("h2", {}, t(good ? "usedTitle" : "usedRefused")),
        h("p", {}, title),
        good ? null : h("p", { class: "show__verdict" }, words),
      ),
      facts(record, this.#labels),
      h("div", { class: "stack" }, done, h("button", { type: "button", class: "button button--plain button--wide", onclick: () => void this.#anew() }, icon("qr"), t("again"))),
    );
    navigator.vibrate?.(good ? 80 : [160, 80, 160]);
    say(title, { now: true });
    done.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }

  /** Somebody asked for a new code. */
  async #anew() {
    this.#renewals = RENEWALS;
    this.#withdraw();
    await this.#renew();
  }

  /** Take the code back: nobody can use what is no longer shown, a photo of it least of all. */
  #withdraw() {
    const ticket = this.#shown;
    this.#shown = null;
    if (!ticket) return;
    this.#context.session
      .call("DELETE", `/mp/v1/presentations/${ticket.presentationId}`, { keepalive: true })
      .catch((error) => report(error));
  }

  /** @param {unknown} error @param {() => void} retry */
  #failed(error, retry) {
    if (this.#context.signal.aborted || isAbort(error)) return;
    report(error);
    const close = h("a", { class: "button button--plain button--wide", href: `#/card/${this.#id}` }, t("close"));
    if (this.#card) this.#sheet(trouble(error, retry), close);
    else this.#node.replaceChildren(h("div", { class: "show__sheet" }, h("h1", {}, t("show")), trouble(error, retry), close));
  }

  /** @param {...Node} parts */
  #sheet(...parts) {
    const card = /** @type {CredentialDetail} */ (this.#card);
    this.#node.replaceChildren(
      h(
        "header",
        { class: "show__head" },
        emblem(card.type),
        h("div", {}, h("h1", {}, pick(card.typeName)), h("p", {}, `${card.title} ${card.number}`)),
      ),
      h("div", { class: "show__sheet" }, ...parts),
    );
  }
}
