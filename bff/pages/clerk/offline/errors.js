// Why a code could not be believed.

/** Not one of our codes at all, or not in its one canonical form. */
export class Unreadable extends Error {}

/** Well formed, but signed with a key this device does not hold. */
export class KeyUnknown extends Error {}

/** The key is known and did not sign these bytes. */
export class Tampered extends Error {}
