// What the browser may remember for us: this tab, and this device.
//
// Storage is refused in some private windows and embedded views. The pages then work for as long as they
// are open, so a refusal is no error here; what is kept is written so that losing it loses nothing else.

/** @param {() => Storage} storage */
function store(storage) {
  return {
    /** @param {string} key */
    get(key) {
      try {
        return storage().getItem(key);
      } catch {
        return null;
      }
    },
    /** @param {string} key @param {string | null} value Null removes. */
    set(key, value) {
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, value);
      } catch {
        // See above.
      }
    },
  };
}

/** Ends with the tab. */
export const tab = store(() => sessionStorage);

/** Stays on the device. */
export const device = store(() => localStorage);
