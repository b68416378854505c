// The dial is a drawer on a phone, where the head of the page is one line: the distance in it opens and closes it. It closes by
// itself once you read back, write or press Escape in it.

import { formatMetres } from '../page/units.js';
import { isVisible } from '../page/visible.js';
import { onRadius } from './reach.js';

const PULL_PX = 8;
const UPWARD = ['ArrowUp', 'PageUp', 'Home'];

const toggle = document.getElementById('here');
const drawer = document.getElementById('reach');
const scroller = document.getElementById('scroller');
let touchedAt = 0;

function isOpen() {
  return document.body.classList.contains('dial-open');
}

function setOpen(open) {
  const focused = drawer.contains(document.activeElement);
  document.body.classList.toggle('dial-open', open);
  toggle.setAttribute('aria-expanded', String(open));
  if (!open && focused && !isVisible(document.activeElement)) toggle.focus({ preventScroll: true });
}

function close() {
  if (isOpen()) setOpen(false);
}

/** Shows the slider and gives it the focus, which its drawer may have hidden. */
export function focusRadius() {
  const slider = document.getElementById('radius');
  if (!isVisible(slider)) setOpen(true);
  slider.focus();
}

toggle.addEventListener('click', () => setOpen(!isOpen()));
drawer.addEventListener('keydown', ({ key }) => key === 'Escape' && close());
document.getElementById('text').addEventListener('input', close);
// By what a hand does: the list also moves by itself, as rows come and go.
scroller.addEventListener('wheel', ({ deltaY }) => deltaY < 0 && close(), { passive: true });
scroller.addEventListener('keydown', ({ key }) => UPWARD.includes(key) && close());
scroller.addEventListener('touchstart', ({ touches }) => (touchedAt = touches[0].clientY), { passive: true });
scroller.addEventListener('touchmove', ({ touches }) => touches[0].clientY - touchedAt > PULL_PX && close(), { passive: true });
onRadius((metres) => (document.getElementById('here-metres').textContent = formatMetres(metres)));
