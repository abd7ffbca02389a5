// The fields in a code, as the card shows them: `wallet/rules/claims.py` packed them.

/** @typedef {import("../../shared/dictionary.js").Dictionary} Dictionary */
/** @typedef {import("../../shared/dictionary.js").ClaimInfo} ClaimInfo */
/** @typedef {import("../../shared/wire.js").Claim} Claim */

const DAY = 86_400_000;
const SEXES = new Map([
  [1, "男"],
  [2, "女"],
]);
const FLAGS = new Map([
  [0, "否"],
  [1, "是"],
]);

/**
 * Claims in the card's order; those this release does not know are left out.
 *
 * @param {Dictionary["types"][string]} type
 * @param {ReadonlyMap<number, number | string>} packed
 * @returns {Claim[]}
 */
export function unpack(type, packed) {
  return type.claims.flatMap(([key, { name, label, kind }]) => {
    const raw = packed.get(key);
    const value = raw === undefined ? undefined : unpackOne(kind, raw);
    return value === undefined ? [] : [{ name, label, value }];
  });
}

/**
 * @param {ClaimInfo["kind"]} kind
 * @param {number | string} packed
 * @returns {string | undefined}
 */
function unpackOne(kind, packed) {
  if (typeof packed === "string") return kind === "text" || kind === "uscc" ? packed : undefined;
  switch (kind) {
    case "date": // days since 1970 (RFC 8943)
      return Math.abs(packed) < 200_000 ? new Date(packed * DAY).toISOString().slice(0, 10) : undefined;
    case "sex": // GB/T 2261.1
      return SEXES.get(packed);
    case "flag":
      return FLAGS.get(packed);
    case "idNumber": {
      // Three digits and a check character of eleven values: only the last four of the number travel.
      if (packed < 0 || packed >= 11_000) return undefined;
      return `${"*".repeat(14)}${String(Math.floor(packed / 11)).padStart(3, "0")}${"0123456789X"[packed % 11]}`;
    }
    default:
      return undefined;
  }
}
