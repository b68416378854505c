// The browser's media session: what a locked screen or a headset shows of voice, and can press.

import { gettext } from '../../page/gettext.js';

/** Sets the actions {hangup(), togglemicrophone()}; null ends the session. */
export function setMediaSession(actions) {
  const session = navigator.mediaSession;
  if (!session) return;
  session.playbackState = actions ? 'playing' : 'none';
  session.metadata = actions ? new MediaMetadata({ title: gettext('Voice'), artist: 'NearTalk' }) : null;
  for (const name of ['hangup', 'togglemicrophone']) {
    try {
      session.setActionHandler(name, actions?.[name] ?? null);
    } catch {
      continue; // not every browser knows both
    }
  }
}
