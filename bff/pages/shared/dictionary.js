// What the numbers in a code and the names of claims mean. Made by the server from its registered types,
// part of the release, and so in a scanner's cache before the network goes.

/** @typedef {import("./i18n.js").Text} Text */
/** @typedef {{ name: string, label: Text, kind: "text" | "date" | "sex" | "flag" | "idNumber" | "uscc" }} ClaimInfo */

/**
 * @typedef {object} Dictionary
 * @property {Record<string, { code: string, name: Text, claims: [key: number, claim: ClaimInfo][] }>} types By the number in the code.
 * @property {Record<string, { code: string, name: Text }>} scenes By the number in the code.
 * @property {Record<string, Text>} advice What to do next, by verdict.
 */

/** @type {Promise<Dictionary> | null} */
let loading = null;

/** @returns {Promise<Dictionary>} */
export function dictionary() {
  loading ??= fetch(new URL("./dictionary.json", import.meta.url)).then(
    (response) => response.json(),
  );
  loading.catch(() => {
    loading = null; // not for ever: the next caller tries again
  });
  return loading;
}
