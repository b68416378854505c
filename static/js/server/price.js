// The price of a session: where many came from the same network, the device works for some seconds before the server lets it in.
// Who shows that listens to `neartalk:work` on the document, whose detail is {seconds, words}: 0 and none when it is over.

import { gettext } from '../page/gettext.js';
import { ownJson } from './answers.js';

const ASKED_MAX = 5;
const WAIT_MAX_S = 60;
const ALGORITHM = 'PBKDF2/SHA-256';

/** Whether a refusal asks for work, or for more of it. */
export function asksForWork(refusal) {
  return Boolean(refusal?.dataset.code.startsWith('work-'));
}

/** Whether this browser can do it. */
export function canWork() {
  return typeof Worker === 'function' && Boolean(globalThis.crypto?.subtle);
}

/**
 * Asks for a challenge and finds its answer. Resolves to the value of the field `altcha`, '' where nothing is asked for any more,
 * and null where the server did not answer, this browser cannot work, or the page is left; never rejects.
 */
export async function work() {
  try {
    const answer = await ask();
    if (answer.status === 204) return '';
    const challenge = await ownJson(answer);
    if (challenge.parameters.algorithm !== ALGORITHM) return null;
    announce(Math.ceil(challenge.parameters.data.price_ms / 1000));
    const solution = await solve(challenge.parameters);
    return solution && btoa(JSON.stringify({ challenge, solution }));
  } catch {
    return null; // as when nobody answers
  } finally {
    announce(0);
  }
}

// Where very many ask at once, the server says when to come back.
async function ask() {
  for (let turn = 1; ; turn += 1) {
    const answer = await fetch('/api/session/challenge', { cache: 'no-store' });
    const seconds = Number(answer.headers.get('Retry-After'));
    if (answer.status !== 429 || !seconds || turn === ASKED_MAX) return answer;
    announce(seconds);
    await new Promise((resolve) => setTimeout(resolve, Math.min(seconds, WAIT_MAX_S) * 1000));
  }
}

/** How long it takes, in words: of a middling phone, so that beyond a minute seconds would say too much. */
export function workWords(seconds) {
  if (seconds <= 60) return gettext('One moment: {seconds} s', { seconds });
  return gettext('This takes about {minutes} min. Stay on this page: it goes on by itself.', { minutes: Math.round(seconds / 60) });
}

function announce(seconds) {
  const words = seconds ? workWords(seconds) : '';
  document.dispatchEvent(new CustomEvent('neartalk:work', { detail: { seconds, words } }));
}

// A page that is left stops working; it may come back from the cache.
function solve(parameters) {
  return new Promise((resolve) => {
    const worker = new Worker(document.querySelector('meta[name="price-worker"]').content, { type: 'module' });
    const end = (solution) => {
      worker.terminate();
      window.removeEventListener('pagehide', leave);
      resolve(solution);
    };
    const leave = () => end(null);
    window.addEventListener('pagehide', leave);
    worker.onmessage = ({ data }) => end(data);
    worker.onerror = () => end(null);
    worker.postMessage(parameters);
  });
}
