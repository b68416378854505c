// The close codes of sockets that are final: those of the server itself (neartalk/codes.py). Every other close means come back:
// proxies end sockets with 1000, 1001, 1005 or 1014, and Firefox with 1001 as a page is reloaded.

const FINAL = [4401, 4403, 4409, 4410, 4411];

export function isFinal(code) {
  return FINAL.includes(code);
}
