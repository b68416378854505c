// What is known of the server's relay: as the page came, then as each answer about ICE servers says.

const shown = document.getElementById('voice-way')?.dataset.relay;

/** state: none, up (or not known otherwise) or down, where the server gets no answer from it. */
export const relay = { state: shown === 'no' ? 'none' : 'up' };

/** Applies an answer: {relay, relay_works}. One that says nothing of it changes nothing. */
export function applyRelay({ relay: there, relay_works: works = true }) {
  if (typeof there !== 'boolean') return;
  relay.state = !there ? 'none' : works ? 'up' : 'down';
}
