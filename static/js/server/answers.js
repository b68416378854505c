// Which answers are the server's own. A captive portal, a proxy or a CDN answers in its place with pages of theirs, often with status
// 200: ours carry a header (neartalk/http/signature.py), a success is a piece of a page, but for the address of the page itself,
// and a refusal says its code.

const SIGNATURE = 'NearTalk';
const DOCUMENT = /^\s*(<!--.*?-->\s*)*(<!doctype|<html)/is;
const NOTICE = /<[^>]*\bclass="notice"[^>]*\bdata-code=/;
const PAGES = ['/near'];

/** Whether an XMLHttpRequest was answered by the server itself. */
export function isOurs(xhr) {
  const signed = xhr.status > 0 && xhr.getResponseHeader(SIGNATURE) !== null;
  if (xhr.status >= 400) return signed || NOTICE.test(xhr.response);
  return signed && (!isDocument(xhr) || PAGES.includes(new URL(xhr.responseURL).pathname));
}

export function isDocument(xhr) {
  return DOCUMENT.test(xhr.response);
}

/** The JSON object in a fetched answer. Rejects where it is a refusal, or somebody else's. */
export async function ownJson(response) {
  const found = response.ok && response.headers.has(SIGNATURE) ? await response.json() : null;
  if (found === null || typeof found !== 'object') throw new Error(`Not an answer: ${response.status}`);
  return found;
}
