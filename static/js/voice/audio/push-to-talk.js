// Push to talk: by its button, or by the space bar where that has no other meaning.

const INTERACTIVE = 'input, textarea, select, button, a, summary, [contenteditable]';

/** Calls hold(true) and hold(false) while `active()`. */
export function bind(button, active, hold) {
  let held = false;

  const press = () => {
    if (held || !active()) return false;
    held = true;
    button.setAttribute('aria-pressed', 'true');
    hold(true);
    return true;
  };
  const release = () => {
    if (!held) return;
    held = false;
    button.setAttribute('aria-pressed', 'false');
    hold(false);
  };

  button.addEventListener('pointerdown', ({ pointerId, button: which }) => {
    if (which === 0 && press()) button.setPointerCapture(pointerId);
  });
  for (const end of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) button.addEventListener(end, release);
  button.addEventListener('contextmenu', (event) => event.preventDefault()); // a long press on Android
  document.addEventListener('keydown', (event) => {
    const { key, repeat, target } = event;
    const here = target === button && (key === ' ' || key === 'Enter');
    if (!here && (key !== ' ' || target.closest?.(INTERACTIVE))) return;
    if (held || active()) event.preventDefault(); // no scrolling while it is held
    if (!repeat) press();
  });
  document.addEventListener('keyup', ({ key }) => (key === ' ' || key === 'Enter') && release());
  window.addEventListener('blur', release); // the key may go up elsewhere
  document.addEventListener('visibilitychange', () => document.hidden && release());
}
