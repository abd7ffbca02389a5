// Base45 (RFC 9285), read strictly.

import { Unreadable } from "./errors.js";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const DIGITS = new Map([...ALPHABET].map((char, digit) => [char, digit]));

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function decodeBase45(text) {
  const digits = Array.from(text, (char) => {
    const digit = DIGITS.get(char);
    if (digit === undefined) throw new Unreadable("not base45: a character outside the alphabet");
    return digit;
  });
  if (digits.length % 3 === 1) throw new Unreadable("not base45: one character left over");
  const bytes = new Uint8Array(Math.floor(digits.length / 3) * 2 + (digits.length % 3 ? 1 : 0));
  let out = 0;
  for (let at = 0; at < digits.length; at += 3) {
    const whole = at + 2 < digits.length;
    const value = at3(digits, at) + 45 * at3(digits, at + 1) + 2025 * (whole ? at3(digits, at + 2) : 0);
    if (value > (whole ? 0xffff : 0xff)) throw new Unreadable("not base45: a group too large");
    if (whole) bytes[out++] = value >> 8;
    bytes[out++] = value & 0xff;
  }
  return bytes;
}

/** @param {number[]} digits @param {number} index */
function at3(digits, index) {
  return digits[index] ?? 0;
}
