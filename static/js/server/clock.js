// The server's time, told by its offset from this device's clock: a message ends by the server's.

let offset = 0;

export function set(serverNow) {
  offset = serverNow - Date.now();
}

export function now() {
  return Date.now() + offset;
}
