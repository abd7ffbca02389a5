// LZ1, the signed code on a resident's screen, read without the server. `wallet/codec/lz1.py` is its twin
// and says what it looks like; tests/browser holds the two against each other.
//
//   "LZ1:" base45( 18([ <<{1: -7, 4: kid}>>, {}, <<payload>>, r‖s ]) )
//   payload = {1: iss, 4: exp, 6: iat, 7: jti, ?65535: [list, index], -70001: [scene, type, {claim: value}]}
//
// Read by its grammar, left to right, and only after the signature holds: there is nothing in a hostile
// code to recurse into.

import { decodeBase45 } from "./base45.js";
import { KeyUnknown, Tampered, Unreadable } from "./errors.js";

const PREFIX = "LZ1:";
const LONGEST = 2048;
const SHORTEST = 110;
const MOST_CLAIMS = 32;

const UNSIGNED = 0x00;
const NEGATIVE = 0x20;
const BYTES = 0x40;
const TEXT = 0x60;
const ARRAY = 0x80;
const MAP = 0xa0;

const SIGN1 = [0xd2, 0x84]; // tag 18, an array of four
const PROTECTED = [0xa2, 0x01, 0x26, 0x04]; // {1: -7, 4: …
const TO_BE_SIGNED = [0x84, 0x6a, ...new TextEncoder().encode("Signature1")]; // RFC 9052 §4.4
const STATUS_KEY = [0x19, 0xff, 0xff, 0x82]; // 65535: an array of two
const SHOWN_KEY = [0x3a, 0x00, 0x01, 0x11, 0x70, 0x83]; // -70001: an array of three

// Half the order of P-256: of the two signatures (r, s) and (r, n-s) only the smaller s is ours, or a
// shown code could be turned into a second text that this device has not seen.
const LARGEST_S = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;

/**
 * What a signed code says.
 *
 * @typedef {object} Envelope
 * @property {number} issuer
 * @property {number} issuedAt Seconds since 1970.
 * @property {number} expiresAt
 * @property {Uint8Array<ArrayBuffer>} tokenId
 * @property {readonly [list: number, index: number] | null} status
 * @property {number} scene
 * @property {number} type
 * @property {Map<number, number | string>} claims
 */

/** @param {string} text */
export function looksSigned(text) {
  return text.startsWith(PREFIX);
}

/** Whether `text` has the form of an opaque code. @param {string} text */
export function looksOpaque(text) {
  return /^LZ[A-Z2-7]{26}$/.test(text);
}

/**
 * What `text` says, if one of `keys` signed it. Whether it is still in time is not asked here.
 *
 * @param {string} text
 * @param {ReadonlyMap<string, CryptoKey>} keys By kid, in hexadecimal.
 * @returns {Promise<Envelope>}
 */
export async function readSigned(text, keys) {
  if (!looksSigned(text) || text.length > LONGEST) throw new Unreadable("not an LZ1 code");
  const data = decodeBase45(text.slice(PREFIX.length));
  if (data.length < SHORTEST) throw new Unreadable("too short for an LZ1 code");

  const frame = new Reader(data);
  frame.expect(SIGN1);
  const headersAt = frame.at;
  const headersLength = frame.head(BYTES);
  frame.expect(PROTECTED);
  const kid = frame.bytes(frame.head(BYTES));
  if (kid.length < 2 || kid.length > 8 || headersLength !== 5 + kid.length) throw new Unreadable("not the headers of an LZ1 code");
  const headers = data.slice(headersAt, frame.at);
  frame.expect([MAP]);
  const payloadAt = frame.at;
  const payload = frame.bytes(frame.head(BYTES));
  const wrapped = data.slice(payloadAt, frame.at);
  if (frame.head(BYTES) !== 64) throw new Unreadable("not an ES256 signature");
  const signature = frame.bytes(64);
  frame.end();

  const key = keys.get(hex(kid));
  if (!key) throw new KeyUnknown(hex(kid));
  const message = concat(TO_BE_SIGNED, headers, [BYTES], wrapped);
  if (BigInt(`0x${hex(signature.slice(32))}`) > LARGEST_S) throw new Tampered("the larger s");
  if (!(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, message))) throw new Tampered("the signature does not hold");
  return envelopeOf(new Reader(payload));
}

/** @param {Reader} reader @returns {Envelope} */
function envelopeOf(reader) {
  const first = reader.byte();
  if (first !== MAP + 5 && first !== MAP + 6) throw new Unreadable("not the payload of an LZ1 code");
  const issuer = reader.numberAfter([0x01]);
  const expiresAt = reader.numberAfter([0x04]);
  const issuedAt = reader.numberAfter([0x06]);
  reader.expect([0x07]);
  const tokenId = reader.bytes(reader.head(BYTES));
  /** @type {Envelope["status"]} */
  const status = first === MAP + 6 ? [reader.numberAfter(STATUS_KEY), reader.numberAfter([])] : null;
  const scene = reader.numberAfter(SHOWN_KEY);
  const type = reader.numberAfter([]);
  const pairs = reader.head(MAP);
  if (tokenId.length < 8 || tokenId.length > 16 || expiresAt < issuedAt || pairs > MOST_CLAIMS) throw new Unreadable("not the payload of an LZ1 code");

  /** @type {Map<number, number | string>} */
  const claims = new Map();
  let last = -1;
  for (let pair = 0; pair < pairs; pair += 1) {
    const claim = reader.numberAfter([]);
    if (claim <= last) throw new Unreadable("the claims are out of order");
    last = claim;
    claims.set(claim, reader.value());
  }
  reader.end();
  return { issuer, issuedAt, expiresAt, tokenId, status, scene, type, claims };
}

/** The few forms of CBOR (RFC 8949) codes are made of; each in its shortest form only. */
export class Reader {
  at = 0;
  #data;

  /** @param {Uint8Array<ArrayBuffer>} data */
  constructor(data) {
    this.#data = data;
  }

  byte() {
    const byte = this.#data[this.at];
    if (byte === undefined) throw new Unreadable("cut short");
    this.at += 1;
    return byte;
  }

  /** @param {number} length */
  bytes(length) {
    const piece = this.#data.slice(this.at, this.at + length);
    if (piece.length !== length) throw new Unreadable("cut short");
    this.at += length;
    return piece;
  }

  /** @param {readonly number[]} wanted */
  expect(wanted) {
    for (const byte of wanted) if (this.byte() !== byte) throw new Unreadable("not one of our codes");
  }

  /** Which of these comes next. @param {...(readonly number[])} wanted */
  oneOf(...wanted) {
    const found = wanted.findIndex((bytes) => bytes.every((byte, index) => this.#data[this.at + index] === byte));
    if (found < 0) throw new Unreadable("not one of our codes");
    this.at += wanted[found]?.length ?? 0;
    return found;
  }

  /** The argument of a head of this major type. @param {number} major */
  head(major) {
    const short = this.byte() - major;
    if (short >= 0 && short < 24) return short;
    const width = { 24: 1, 25: 2, 26: 4, 27: 8 }[short];
    if (!width) throw new Unreadable("not the type expected");
    const argument = this.bytes(width).reduce((sum, byte) => sum * 256 + byte, 0);
    const least = width === 1 ? 24 : 2 ** (4 * width);
    if (argument < least || argument > Number.MAX_SAFE_INTEGER) throw new Unreadable("not the shortest form, or too large");
    return argument;
  }

  /** @param {readonly number[]} before */
  numberAfter(before) {
    this.expect(before);
    return this.head(UNSIGNED);
  }

  /** @returns {number | string} */
  value() {
    const first = this.#data[this.at] ?? 0xff;
    if (first >= TEXT && first < ARRAY) {
      try {
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes(this.head(TEXT)));
      } catch (error) {
        throw error instanceof Unreadable ? error : new Unreadable("text that is not UTF-8");
      }
    }
    return first < NEGATIVE ? this.head(UNSIGNED) : -1 - this.head(NEGATIVE);
  }

  end() {
    if (this.at !== this.#data.length) throw new Unreadable("bytes after the end");
  }
}

/**
 * The public name of a presentation; nothing leads back to its code.
 *
 * @param {Uint8Array<ArrayBuffer>} secret
 */
export async function presentationId(secret) {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", secret))).slice(0, 32);
}

/** @param {Uint8Array} bytes */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {...ArrayLike<number>} parts */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
