// The sentences of the conversation, whole, with places for names and times: pure.

import { formatNumber, gettext, ngettext } from '../page/gettext.js';
import { isolated } from '../page/sentences.js';

/** What the six reactions are called. */
export const REACTIONS = {
  yes: gettext('Yes'),
  love: gettext('Love'),
  funny: gettext('Funny'),
  wow: gettext('Wow'),
  sorry: gettext('Sorry'),
  'me-too': gettext('Me too'),
};

export const YOU = gettext('You');
/** Before your own words, for those who listen. */
// Translators: what you wrote yourself follows.
export const YOU_SAY = `${gettext('You:')} `;
// Translators: a line between messages.
export const NEW_SINCE = gettext('New since you left');
export const COPIED = gettext('Copied');
export const NOT_COPIED = gettext('Not copied: your browser does not allow it');
export const REPLY_GONE = gettext('That message is not shown any more: yours is sent without it.');
export const REPLY_REFUSED = gettext('The message that you reply to is gone. Send it again to say it without.');
export const SHEET_GONE = gettext('This message is gone.');
export const OPENED_GONE = { title: gettext('That message is gone.'), words: gettext('What is said here lasts 30 minutes.') };
/** How far a message has come that is yours. */
// Translators: the state of a message of yours.
export const SENDING = gettext('Sending');
export const NOT_SENT = gettext('Not sent');
// Translators: a message waits; it is sent later by itself.
export const WAITS = gettext('Waits');

/** What stands in place of a quote: 'gone' or 'unheard'. */
export const LOST = { gone: gettext('a message that is gone'), unheard: gettext('a message you did not hear') };
const REPLIES_TO_LOST = {
  gone: gettext('replies to a message that is gone:'),
  unheard: gettext('replies to a message you did not hear:'),
};

/** Before words that reply to somebody, '' for yourself, or to what is lost, for those who listen. */
// Translators: after the name of who wrote, before what they wrote.
export const repliesTo = (name) => `${name ? gettext('replies to {name}:', { name: isolated(name) }) : gettext('replies to you:')} `;
export const repliesToLost = (how) => `${REPLIES_TO_LOST[how]} `;

/** What is being written replies to somebody, '' for yourself, for those who listen. */
// Translators: what they wrote stands below.
export const replyingTo = (name) => `${name ? gettext('You reply to {name}:', { name: isolated(name) }) : gettext('You reply to yourself:')} `;

/** What is said of something that is written to you: 'reply' or 'mention'. */
export const ADDRESSED = {
  reply: (name) => gettext('{name} answered you', { name: isolated(name) }),
  mention: (name) => gettext('{name} wrote to you', { name: isolated(name) }),
};

// Translators: {time} is how long a message still lasts, such as "4 min".
export const goneIn = (time) => gettext('gone in {time}', { time });

/** The name of the ring of a message. */
// Translators: the name of a button that opens what can be done with a message; {time} is when it was sent.
export const ringOf = (name, tag, time) => gettext('{name} {tag}, {time}: what you can do', { name: isolated(name), tag, time });
export const ownRing = (time) => gettext('Your message, {time}: what you can do', { time });

/** The name of a reaction under a message. */
export function reacted(kind, count, own) {
  const values = { reaction: REACTIONS[kind], count };
  // Translators: {reaction} is one of Yes, Love, Funny, Wow, Sorry and Me too.
  return own ? gettext('{reaction}: {count}, you too', values) : gettext('{reaction}: {count}', values);
}

/** What is below what you read. */
export const unread = (count) => ngettext('{count} new message', '{count} new messages', count);
export function wroteToYou(name, count) {
  if (count <= 1) return ADDRESSED.mention(name);
  // Translators: {name} wrote to you, and {count} messages are new.
  return ngettext('{name} wrote to you, {count} new', '{name} wrote to you, {count} new', count, { name: isolated(name) });
}

/** What stands in place of somebody whom you muted. */
// Translators: a button: what this person says is folded away, and shown again when it is pressed.
export const muted = (name) => gettext('{name} is muted for you. Show again', { name: isolated(name) });

/** How much of what a message may hold is written; `over` is how much too much. */
export function lengthLine(used, max, over) {
  if (over <= 0) return gettext('{used} of {max}', { used, max });
  return ngettext(
    '{used} of {count} character. Take {over} out and send again.',
    '{used} of {count} characters. Take {over} out and send again.',
    max,
    { used, over },
  );
}

/** That a line which was sent too fast waits. */
// Translators: s is the unit of seconds.
export const sentIn = (seconds) => gettext('It is sent by itself in {seconds} s.', { seconds });
