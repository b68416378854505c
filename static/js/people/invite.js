// The sheet by which others are invited: its link is copied, or sent by what the device has for it.

import { gettext } from '../page/gettext.js';
import { onOpen } from '../page/sheets.js';

const CONFIRM_MS = 4000;

const link = document.getElementById('invite-link');
const status = document.getElementById('invite-status');
let timer = 0;

function announce(words) {
  clearTimeout(timer);
  status.textContent = words;
  timer = setTimeout(() => (status.textContent = ''), CONFIRM_MS);
}

async function copy() {
  const copied = await navigator.clipboard?.writeText(link.value).then(() => true, () => false);
  link.select(); // where the browser forbids it, a hand can
  announce(copied ? gettext('Link copied.') : gettext('Copy the link yourself.'));
}

async function send() {
  if (navigator.share) {
    await navigator.share({ title: 'NearTalk', text: gettext('Talk with me on NearTalk, right here.'), url: link.value }).catch(() => {});
  }
}

onOpen('invite', () => {
  link.value ||= `${location.origin}/`; // a server that goes by any name does not know its own
  status.textContent = '';
});
document.getElementById('invite-send').hidden = !('share' in navigator);
document.getElementById('invite-send').addEventListener('click', send);
document.getElementById('invite-copy').addEventListener('click', copy);
