// A verdict without the server (离线核验): what the signature and the clock can say, and no more.
//
// Never better than amber. Whether a code was used elsewhere, and whether the certificate was suspended a
// minute ago, is not known here, and the verdict says so.

import { KeyUnknown, Tampered, Unreadable } from "./errors.js";
import { looksOpaque, looksSigned, presentationId, readSigned } from "./lz1.js";
import { unpack } from "./claims.js";

/** @typedef {import("../../shared/dictionary.js").Dictionary} Dictionary */
/** @typedef {import("../../shared/wire.js").Verdict} Verdict */
/** @typedef {import("../../shared/wire.js").Verification} Verification */
/** @typedef {import("./lz1.js").Envelope} Envelope */
/** @typedef {import("./seen.js").SeenCodes} SeenCodes */
/** @typedef {import("./trust.js").Trust} Trust */

const SKEW = 5; // seconds, as the server bears
const TRUST_BEARS = 24 * 3600;

/**
 * @param {string} code
 * @param {object} known
 * @param {Trust} known.trust
 * @param {Dictionary} known.dictionary
 * @param {ReadonlySet<string>} known.scenes Scene codes this clerk may check in.
 * @param {SeenCodes} known.seen
 * @param {number} known.now Seconds since 1970.
 * @returns {Promise<Verification>}
 */
export async function checkOffline(code, { trust, dictionary, scenes, seen, now }) {
  /** @param {Verdict} verdict @param {Partial<Verification>} [more] @returns {Verification} */
  const answer = (verdict, more = {}) => ({
    verdict,
    valid: verdict === "OK_OFFLINE",
    advice: dictionary.advice[verdict] ?? { zh: "", en: "" },
    checkedAt: new Date(now * 1000).toISOString(),
    typeName: null,
    issuerName: null,
    scene: null,
    mode: null,
    claims: [],
    usageId: null,
    shownBy: null,
    ...more,
  });

  if (!looksSigned(code)) return answer(looksOpaque(code) ? "ONLINE_ONLY" : "UNREADABLE");
  /** @type {Envelope} */
  let envelope;
  try {
    envelope = await readSigned(code, trust.keys);
  } catch (error) {
    if (error instanceof Unreadable) return answer("UNREADABLE");
    if (error instanceof KeyUnknown) return answer("KEY_UNKNOWN");
    if (error instanceof Tampered) return answer("TAMPERED");
    throw error;
  }

  const type = dictionary.types[envelope.type];
  const scene = dictionary.scenes[envelope.scene];
  const about = { typeName: type?.name ?? null, scene: scene?.code ?? null, mode: /** @type {const} */ ("signed") };
  if (envelope.issuedAt > now + SKEW) return answer("CLOCK_SKEW", about);
  if (envelope.expiresAt + SKEW <= now) return answer("EXPIRED", about);
  // A scene newer than this release is one this clerk was not granted.
  if (!scene || !scenes.has(scene.code)) return answer("SCENE_DENIED");
  if (!seen.add(await presentationId(envelope.tokenId), envelope.expiresAt + SKEW, now)) return answer("ALREADY_USED", about);
  const verdict = now - trust.asOf / 1000 > TRUST_BEARS ? "STALE_STATUS" : "OK_OFFLINE";
  return answer(verdict, { ...about, claims: type ? unpack(type, envelope.claims) : [] });
}
