// Keys that belong to an input method (of Chinese, Japanese, Korean and others) reach no other listener of the page: Enter
// chooses a character there and Escape drops one. Safari says so by keyCode 229 alone: there the Enter that ends a
// composition comes after compositionend, with isComposing false. To be imported before any module that listens for keys.

const PROCESSED = 229; // what keyCode says of a key that an input method has used (UI Events, 4.3)

function onKey(event) {
  if (!event.isComposing && event.keyCode !== PROCESSED) return;
  event.stopImmediatePropagation();
  // Nor what browsers do by themselves: Enter in a line of text submits its form, Escape closes a dialog.
  const submits = event.key === 'Enter' && event.target.localName === 'input';
  if (submits || event.key === 'Escape') event.preventDefault();
}

// Not keyup: who lets go of a key that is held to talk must be heard by that.
window.addEventListener('keydown', onKey, { capture: true });
