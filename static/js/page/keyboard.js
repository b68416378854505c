// The part of the screen that a raised keyboard leaves, as lengths for the stylesheet: browsers that shrink the page by
// themselves (interactive-widget=resizes-content) need nothing, Safari lays the keyboard over it and moves the page.

const NAMES = ['--shown-height', '--shown-top', '--covered'];

const viewport = window.visualViewport;
const { style } = document.documentElement;

function update() {
  const { height, offsetTop, scale } = viewport;
  const covered = window.innerHeight - offsetTop - height;
  // Whoever magnifies the page sees less of it as well, and wants it to stay as it is.
  if (scale > 1.01 || window.innerHeight - height < 1) {
    for (const name of NAMES) style.removeProperty(name);
    return;
  }
  [height, offsetTop, Math.max(0, covered)].forEach((px, turn) => style.setProperty(NAMES[turn], `${px}px`));
}

for (const type of ['resize', 'scroll']) viewport?.addEventListener(type, update);
