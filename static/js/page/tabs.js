// Messages between the tabs of this browser. Where it has no channel, or keeps it from this page as it keeps storage, there are no
// other tabs.

const channel = open();

function open() {
  try {
    return new BroadcastChannel('neartalk');
  } catch {
    return null;
  }
}

/** Posts to the other tabs. */
export function post(message) {
  try {
    channel?.postMessage(message);
  } catch {
    // It was closed, with the page that is left.
  }
}

/** Calls back with what other tabs post. */
export function onPost(listener) {
  channel?.addEventListener('message', ({ data }) => listener(data));
}
