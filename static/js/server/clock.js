// The server's clock, as an offset from this device's: messages expire by the server's time.

let offset = 0;

export function setServerTime(ms) {
  offset = ms - Date.now();
}

export function serverNow() {
  return Date.now() + offset;
}
