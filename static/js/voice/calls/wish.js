// Asking somebody to talk, and answering: what it would do, and what becomes of it once you are in voice, or in it again. Pure.

/** What asking them does: 'talk' (their door is open: at once), 'ask', or '' where it is not possible. `facts` is {peers, door}. */
export function askingOf(id, { peers, door }) {
  const peer = peers.find((one) => one.person_id === id);
  if (peer?.state !== 'near' || peer.door === 'locked' || door === 'locked') return '';
  return peer.door === 'open' ? 'talk' : 'ask';
}

/** What becomes of wanting to talk with somebody: 'ask' them, 'absent' (not in voice near you), 'locked', 'declined' or 'done'. */
export function wishOf(id, facts) {
  const peer = facts.peers.find((one) => one.person_id === id);
  if (!peer) return 'absent';
  if (peer.state === 'declined') return 'declined';
  if (peer.state === 'knocks' || askingOf(id, facts)) return 'ask';
  return peer.state === 'near' ? 'locked' : 'done';
}

/**
 * What becomes of something that you did, by the server's next list: 'send' (it does not show it, and it is still possible), 'done',
 * or why it is not possible any more: 'absent', 'gone', 'locked' or 'declined'.
 */
export function outcomeOf(verb, id, facts) {
  const state = facts.peers.find((one) => one.person_id === id)?.state;
  if (verb === 'decline') return !state || state === 'near' || state === 'declined' ? 'done' : 'send';
  if (verb === 'knock') return wishOf(id, facts).replace('ask', 'send');
  if (state === 'knocks') return 'send';
  if (!state) return 'absent';
  return state === 'near' || state === 'declined' ? 'gone' : 'done';
}
