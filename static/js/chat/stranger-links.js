// A link of somebody else says once where it leads before it opens: whoever runs that site sees the network address of who opens it.

import { openMenu, showStep } from '../people/menu.js';
import { isOwn } from './message-row.js';

const known = new Set(); // where it was said before
const step = document.querySelector('#menu [data-step="link"]');

/** A press on a link: the browser follows it, or it says first where it leads. */
export function followLink(event, row, link) {
  if (isOwn(row) || known.has(link.href)) return;
  event.preventDefault();
  openMenu(row);
  showStep('link');
  step.querySelector('.link-host').textContent = link.querySelector('b').textContent;
  step.querySelector('.link-whole').textContent = link.href;
  step.querySelector('.link-open').href = link.href;
}

step.querySelector('.link-open').addEventListener('click', ({ currentTarget }) => {
  known.add(currentTarget.href);
  setTimeout(() => step.closest('dialog').close()); // once the browser has followed it
});
