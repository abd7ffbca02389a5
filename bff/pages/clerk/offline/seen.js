// Codes this device has accepted, until they would be dead anyway. Names of presentations and times only:
// neither a code nor a person can be told from them. On the device, so that two tabs of one counter
// share it and a reload forgets nothing; where there is no storage, this tab's own memory still counts.

import { device } from "../../shared/storage.js";

const KEY = "suishen.seen";

export class SeenCodes {
  /** @type {Map<string, number>} */
  #until = new Map();

  constructor() {
    this.#load();
  }

  /**
   * Remember a presentation as used; false if it was already.
   *
   * @param {string} presentation
   * @param {number} until When it dies, in seconds since 1970.
   * @param {number} now
   */
  add(presentation, until, now) {
    this.#load();
    for (const [each, end] of this.#until) if (end < now) this.#until.delete(each);
    if (this.#until.has(presentation)) return false;
    this.#until.set(presentation, until);
    this.#save();
    return true;
  }

  #load() {
    for (const [each, end] of Object.entries(JSON.parse(device.get(KEY) ?? "{}"))) this.#until.set(each, Number(end));
  }

  #save() {
    device.set(KEY, JSON.stringify(Object.fromEntries(this.#until)));
  }
}
