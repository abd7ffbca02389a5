// Names of claims in words.

import { dictionary } from "../shared/dictionary.js";
import { pick } from "../shared/i18n.js";

/**
 * What each claim is called, by the type of certificate and its name: a licence's `name` is a firm's. Without
 * the dictionary a page still works, in plain names.
 *
 * @typedef {Map<string, Map<string, string>>} Labels
 * @returns {Promise<Labels>}
 */
export async function claimLabels() {
  try {
    const { types } = await dictionary();
    return new Map(Object.values(types).map(({ code, claims }) => [code, new Map(claims.map(([, { name, label }]) => [name, pick(label)]))]));
  } catch {
    return new Map();
  }
}
