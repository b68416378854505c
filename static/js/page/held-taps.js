// Controls that have just come, or moved, take no tap for a moment: a finger on its way meant what stood there before. Keys, and
// programs that press what they name, are not held up. They are drawn and read out as always.

const MOMENT_MS = 500; // from seeing something to touching something else

// What is done at once, or is a yes. A menu names whom it is about before anything is done.
const CONTROLS = ':is([data-act], .notice button, #voice-join, #voice-join-muted):not([data-act="person"])';

const held = new Map(); // control: the timer that ends it

/** Makes a change, and holds the taps of the controls that it brought or moved within an element. */
export function holdMoved(root, change) {
  const before = placesIn(root);
  change();
  for (const [control, place] of placesIn(root)) if (before.get(control) !== place) hold(control);
}

// Of what is shown: a control that comes into sight has come.
function placesIn(root) {
  const places = new Map();
  for (const control of root.querySelectorAll(CONTROLS)) {
    const { left, top, width } = control.getBoundingClientRect();
    if (width) places.set(control, `${Math.round(left)} ${Math.round(top)}`);
  }
  return places;
}

function hold(control) {
  clearTimeout(held.get(control));
  control.dataset.held = ''; // base.css takes the pointer from it
  held.set(control, setTimeout(() => release(control), MOMENT_MS));
}

function release(control) {
  held.delete(control);
  delete control.dataset.held;
}

// What a control does not take is a tap on what it stands in.
function isMeant(control, { target, clientX: x, clientY: y }) {
  if (control.contains(target)) return true;
  const { left, right, top, bottom } = control.getBoundingClientRect();
  return target.contains(control) && x >= left && x <= right && y >= top && y <= bottom;
}

document.addEventListener('click', (event) => {
  if (event.detail === 0 || ![...held.keys()].some((control) => isMeant(control, event))) return; // 0: no pointer
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });
