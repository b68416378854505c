// Roving tabindex (ARIA Authoring Practices): of many controls of one kind the Tab key stops at one, and the arrow keys, Home
// and End move between them.

const TARGETS = {
  ArrowUp: (all, turn) => all[turn - 1],
  ArrowDown: (all, turn) => all[turn + 1],
  Home: (all) => all[0],
  End: (all) => all.at(-1),
};

/** Makes the controls of a selector within an element one stop; returns setStop(control), with null for none. */
export function roveFocus(root, selector) {
  let stop = null;

  const setStop = (control) => {
    if (stop) stop.tabIndex = -1;
    stop = control;
    if (stop) stop.tabIndex = 0;
  };
  root.addEventListener('focusin', ({ target }) => target.matches(selector) && setStop(target));
  root.addEventListener('keydown', (event) => {
    if (!(event.key in TARGETS) || !event.target.matches(selector) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const all = [...root.querySelectorAll(selector)];
    TARGETS[event.key](all, all.indexOf(event.target))?.focus();
  });
  return setStop;
}
