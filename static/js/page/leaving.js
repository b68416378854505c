// Whether this page is being left. Browsers close its sockets first, and some let it run on for a moment: nobody should read
// an alarm in it.

const CANCELLED_MS = 5000;

let leaving = false;
let timer = 0;

export function isLeaving() {
  return leaving;
}

function setLeaving(now) {
  clearTimeout(timer);
  leaving = now;
}

window.addEventListener('beforeunload', () => {
  setLeaving(true);
  timer = setTimeout(() => setLeaving(false), CANCELLED_MS); // a download, an app's link, or somebody stayed
});
window.addEventListener('pagehide', () => setLeaving(true));
window.addEventListener('pageshow', () => setLeaving(false));
