// Why a call does not come about, by what this page knows of both sides, of the relay and of the browser. Pure.

/**
 * away: the other's socket is gone for the moment; made: the browser made a connection; relay: none, up or down; direct: both
 * chose to talk directly; own and theirs: the kinds of candidates of each side since ICE last began; answered: they described
 * their side. Returns away, browser, relay, unreached, unhidden, closed, silent, theirs, direct or path.
 */
export function reasonOf({ away = false, made, relay, direct, own, theirs, answered }) {
  if (away) return 'away';
  if (!made) return 'browser';
  if (relay !== 'none' && !own.has('relay')) return relay === 'down' ? 'relay' : 'unreached';
  if (relay === 'none' && !direct) return 'unhidden';
  if (!own.size) return 'closed';
  if (!answered) return 'silent';
  if (relay === 'none') return 'direct';
  return theirs.size ? 'path' : 'theirs';
}

/** The kinds of candidates in a text, a candidate or a description: host, srflx, prflx and relay. */
export function kindsIn(text) {
  return [...text.matchAll(/(?:^|a=)candidate:.* typ ([a-z]+)/gm)].map(([, kind]) => kind);
}

/** The kinds of candidates of one side, since ICE began the last time but one: a restart begins with none. */
export class Kinds {
  constructor() {
    this.now = new Set();
    this.before = new Set();
  }

  add(text) {
    for (const kind of kindsIn(text)) this.now.add(kind);
  }

  restart() {
    this.before = this.now;
    this.now = new Set();
  }

  get all() {
    return new Set([...this.before, ...this.now]);
  }
}
