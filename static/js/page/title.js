// The page's title: your reach, with the number of messages and the last event since the page was hidden.

import { formatNumber } from './gettext.js';
import { withStop } from './sentences.js';

let base = document.title;
let missed = 0;
let announcement = '';

export function setTitle(title) {
  base = title;
  render();
}

export function addMissed(number) {
  if (!document.hidden || !number) return;
  missed += number;
  render();
}

/** Puts one sentence in front until the page is visible. */
export function announce(sentence) {
  if (!document.hidden) return;
  announcement = sentence;
  render();
}

/** The same, where none stands in front: what says more keeps its place. */
export function announceUnlessOther(sentence) {
  if (!announcement) announce(sentence);
}

/** Takes such a sentence back, if it is the one in front. */
export function withdraw(sentence) {
  if (announcement !== sentence) return;
  announcement = '';
  render();
}

/** Forgets what came since the page was hidden. */
export function forgetNews() {
  missed = 0;
  announcement = '';
  render();
}

function render() {
  document.title = [missed && `(${formatNumber(missed)})`, announcement && withStop(announcement), base].filter(Boolean).join(' ');
}

document.addEventListener('visibilitychange', () => document.hidden || forgetNews());
