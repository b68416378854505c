// This tab's session storage, without exceptions: a full or forbidden storage loses what a reload would bring back, and must
// not stop what the page is doing. A value that cannot be read counts as absent.

/** The text under a key, or null. */
export function loadText(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Stores a text; returns whether it could. */
export function saveText(key, text) {
  try {
    sessionStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

export function removeText(key) {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // There is nothing under it then.
  }
}

/** Removes everything. */
export function clear() {
  try {
    sessionStorage.clear();
  } catch {
    // It is empty then.
  }
}

/** The JSON value under a key, or null. */
export function loadJson(key) {
  try {
    return JSON.parse(loadText(key));
  } catch {
    return null;
  }
}

/** Stores a value as JSON; returns whether it could. */
export function saveJson(key, value) {
  return saveText(key, JSON.stringify(value));
}
