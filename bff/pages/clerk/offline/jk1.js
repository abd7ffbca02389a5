// JK1, a signed health code (离线码, 纸质码), read without the server. `health_code/codec/signed.py` is its
// twin and says what it looks like; tests/browser holds the two against each other.
//
//   "JK1:" base45( zlib( 18([ <<{1: -7, 4: kid}>>, {}, <<payload>>, r‖s ]) ) )
//   payload = {1: iss, 4: exp, 6: iat, -72001: [colour, name, as of, rule set, handle]}   offline code
//             {1: iss, 4: exp, 6: iat, -72002: [rid, name]}                               paper code

import { decodeBase45 } from "./base45.js";
import { KeyUnknown, Tampered, Unreadable } from "./errors.js";
import { concat, hex, Reader } from "./lz1.js";

const PREFIX = "JK1:";
const LONGEST = 1_000;
const LARGEST = 1_024;
const OPENING = [0xd2, 0x84, 0x4d, 0xa2, 0x01, 0x26, 0x04, 0x48]; // tag 18, four items: <<{1: -7, 4: kid of eight bytes
const PROTECTED = [0x4d, 0xa2, 0x01, 0x26, 0x04, 0x48];
const TO_BE_SIGNED = [0x84, 0x6a, ...new TextEncoder().encode("Signature1")]; // RFC 9052 §4.4
const OFFLINE = [0x3a, 0x00, 0x01, 0x19, 0x40]; // -72001
const PAPER = [0x3a, 0x00, 0x01, 0x19, 0x41]; // -72002
const COLOURS = /** @type {const} */ (["GREEN", "YELLOW", "RED", "GREY"]);
const BYTES = 0x40;
const ARRAY = 0x80;
const MAP = 0xa0;

/**
 * What a signed health code says; a paper code says no colour.
 *
 * @typedef {object} SignedHealth
 * @property {number} issuedAt Seconds since 1970.
 * @property {number} expiresAt
 * @property {string} name Masked.
 * @property {(typeof COLOURS)[number] | null} colour
 * @property {number | null} asOf
 */

/** @param {string} text */
export function looksSignedHealth(text) {
  return text.startsWith(PREFIX);
}

/**
 * What `text` says, if one of `keys` signed it. Whether it is still in time is not asked here.
 *
 * @param {string} text
 * @param {ReadonlyMap<string, CryptoKey>} keys By kid, in hexadecimal.
 * @returns {Promise<SignedHealth>}
 */
export async function readSignedHealth(text, keys) {
  if (!looksSignedHealth(text) || text.length > LONGEST) throw new Unreadable("not a JK1 code");
  const data = await inflated(decodeBase45(text.slice(PREFIX.length)));
  const frame = new Reader(data);
  frame.expect(OPENING);
  const kid = frame.bytes(8);
  frame.expect([MAP]);
  const payloadAt = frame.at;
  const payload = frame.bytes(frame.head(BYTES));
  const wrapped = data.slice(payloadAt, frame.at);
  if (frame.head(BYTES) !== 64) throw new Unreadable("not an ES256 signature");
  const signature = frame.bytes(64);
  frame.end();

  const key = keys.get(hex(kid));
  if (!key) throw new KeyUnknown(hex(kid));
  const message = concat(TO_BE_SIGNED, PROTECTED, kid, [BYTES], wrapped);
  if (!(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, message))) throw new Tampered("the signature does not hold");
  return said(new Reader(payload));
}

/** @param {Reader} reader @returns {SignedHealth} */
function said(reader) {
  reader.expect([MAP + 4, 0x01]);
  text(reader); // the issuer: whose key it is says the same
  const expiresAt = reader.numberAfter([0x04]);
  const issuedAt = reader.numberAfter([0x06]);
  const paper = reader.oneOf(PAPER, OFFLINE) === 0;
  const items = reader.head(ARRAY);
  if (items !== (paper ? 2 : 5)) throw new Unreadable("a payload that is not ours");
  if (paper) {
    reader.bytes(reader.head(BYTES)); // the name by which it is reported lost: nothing to know offline
    const name = text(reader);
    reader.end();
    return { issuedAt, expiresAt, name, colour: null, asOf: null };
  }
  const colour = COLOURS[reader.numberAfter([])];
  const name = text(reader);
  const asOf = reader.numberAfter([]);
  reader.bytes(reader.head(BYTES));
  reader.bytes(reader.head(BYTES));
  reader.end();
  if (!colour) throw new Unreadable("a colour that is not ours");
  return { issuedAt, expiresAt, name, colour, asOf };
}

/** @param {Reader} reader */
function text(reader) {
  const value = reader.value();
  if (typeof value !== "string") throw new Unreadable("not the type expected");
  return value;
}

/**
 * Whole within the bound, with nothing behind the end: a bomb is not worked off, nor is there a second spelling.
 *
 * @param {Uint8Array<ArrayBuffer>} packed
 */
async function inflated(packed) {
  const out = new Uint8Array(LARGEST);
  let length = 0;
  try {
    const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (length + part.value.length > LARGEST) {
        await reader.cancel();
        throw new Unreadable("too large");
      }
      out.set(part.value, length);
      length += part.value.length;
    }
  } catch (error) {
    throw error instanceof Unreadable ? error : new Unreadable("not zlib");
  }
  return out.slice(0, length);
}
