// Sheets: dialogs that a button with data-opens opens by id, and one with data-closes, or a press beside it, closes. The browser
// gives the focus back to the button.

const openers = new Map();

/** Calls back each time the sheet of this id is opened. */
export function onOpen(id, listener) {
  openers.set(id, [...(openers.get(id) ?? []), listener]);
}

/** Opens one, in place of another that is open. */
export function openDialog(id) {
  for (const other of document.querySelectorAll('dialog[open]')) other.close();
  for (const listener of openers.get(id) ?? []) listener();
  document.getElementById(id).showModal();
}

document.addEventListener('click', ({ target }) => {
  const opener = target.closest('[data-opens]');
  if (opener) openDialog(opener.dataset.opens);
  const sheet = target.closest('dialog');
  if (target.closest('[data-closes]') || (target === sheet && openers.has(sheet.id))) sheet.close();
});
