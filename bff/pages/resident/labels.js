// Names of claims in words.

import { dictionary } from "../shared/dictionary.js";
import { pick } from "../shared/i18n.js";

/**
 * What each claim is called, by its name. Without the dictionary a page still works, in plain names.
 *
 * @returns {Promise<Map<string, string>>}
 */
export async function claimLabels() {
  try {
    const { types } = await dictionary();
    const claims = Object.values(types).flatMap((type) => type.claims);
    return new Map(claims.map(([, { name, label }]) => [name, pick(label)]));
  } catch {
    return new Map();
  }
}
