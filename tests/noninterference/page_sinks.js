// Put into every page before its own scripts: takes down whatever a script could keep or send, and holds chance and the device's
// position in the hands of the test. `window.record` is the test's.
(() => {
  const note = (kind, ...values) => window.record(JSON.stringify([kind, ...values.map(plain)]));
  const plain = (value) => {
    if (typeof value === 'string' || typeof value === 'number' || value === undefined || value === null) return value;
    if (value instanceof Error) return String(value);
    if (value instanceof URLSearchParams || value instanceof URL) return String(value);
    if (value instanceof FormData) return [...value];
    try {
      return JSON.parse(JSON.stringify(value));
    } catch {
      return String(value);
    }
  };
  const wrap = (owner, name, kind = name) => {
    const before = owner?.[name];
    if (typeof before !== 'function') return;
    owner[name] = function (...all) {
      note(kind, ...all.slice(0, 3));
      return before.apply(this, all);
    };
  };
  const wrapNew = (name) => {
    const Before = window[name];
    if (!Before) return;
    window[name] = class extends Before {
      constructor(...all) {
        super(...all);
        note(`new ${name}`, String(all[0]), all[1]);
      }
    };
  };

  for (const name of ['setItem', 'removeItem', 'clear']) wrap(Storage.prototype, name, `storage.${name}`);
  for (const name of ['pushState', 'replaceState']) wrap(History.prototype, name);
  for (const name of Object.keys(console)) wrap(console, name, `console.${name}`);
  // The clock of the test has an object of its own in place of the browser's.
  const performances = [Performance.prototype, performance].filter((owner) => Object.hasOwn(owner, 'mark'));
  for (const owner of performances) for (const name of ['mark', 'measure']) wrap(owner, name, `performance.${name}`);
  for (const name of ['open', 'send', 'setRequestHeader']) wrap(XMLHttpRequest.prototype, name, `xhr.${name}`);
  wrap(window, 'fetch');
  // Calls that the page waits for: their requests are told to the test by another way, which may be slower.
  let waiting = 0;
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (...all) {
    waiting += 1;
    this.addEventListener('loadend', () => (waiting -= 1), { once: true });
    return send.apply(this, all);
  };
  const { fetch } = window;
  window.fetch = (...all) => {
    waiting += 1;
    return fetch(...all).finally(() => (waiting -= 1));
  };
  wrap(window, 'postMessage');
  wrap(window, 'open');
  wrap(Navigator.prototype, 'sendBeacon');
  wrap(Navigator.prototype, 'share');
  for (const name of ['vibrate', 'setAppBadge', 'clearAppBadge']) wrap(Navigator.prototype, name);
  wrap(window.ServiceWorkerContainer?.prototype, 'register', 'worker.register');
  wrap(window.ServiceWorker?.prototype, 'postMessage', 'service worker');
  wrap(window.ServiceWorkerRegistration?.prototype, 'showNotification');
  wrap(window.PushManager?.prototype, 'subscribe', 'push.subscribe');
  wrap(window.Clipboard?.prototype, 'writeText', 'clipboard');
  wrap(window.CredentialsContainer?.prototype, 'store', 'credentials');
  wrap(window.CookieStore?.prototype, 'set', 'cookieStore');
  wrap(window.LockManager?.prototype, 'request', 'lock');
  wrap(BroadcastChannel.prototype, 'postMessage', 'channel');
  const postPlain = MessagePort.prototype.postMessage;
  wrap(MessagePort.prototype, 'postMessage', 'port');
  wrap(Worker.prototype, 'postMessage', 'worker');
  wrap(WebSocket.prototype, 'send', 'socket.send');
  wrap(window.RTCDataChannel?.prototype, 'send', 'data channel');
  wrap(window.RTCPeerConnection?.prototype, 'setLocalDescription');
  wrap(window.speechSynthesis?.constructor.prototype, 'speak');
  wrap(window.IDBFactory?.prototype, 'open', 'indexedDB');
  for (const name of ['put', 'add']) wrap(window.IDBObjectStore?.prototype, name, `indexedDB.${name}`);
  for (const name of ['put', 'add', 'addAll']) wrap(window.Cache?.prototype, name, `cache.${name}`);
  for (const name of ['BroadcastChannel', 'EventSource', 'Notification', 'SharedWorker', 'WebSocket', 'Worker']) wrapNew(name);
  const cookie = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
  Object.defineProperty(Document.prototype, 'cookie', {
    ...cookie,
    set(text) {
      note('cookie', text);
      cookie.set.call(this, text);
    },
  });

  let state = 7;
  Math.random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  crypto.getRandomValues = (array) => {
    for (let at = 0; at < array.length; at += 1) array[at] = Math.floor(Math.random() * 256);
    return array;
  };

  // The device: it answers only where the test says so.
  const watching = new Map();
  const geolocation = Object.getPrototypeOf(navigator.geolocation);
  geolocation.watchPosition = (found) => watching.set(watching.size + 1, found).size;
  geolocation.getCurrentPosition = (found) => void watching.set(-1 - watching.size, found);
  geolocation.clearWatch = (id) => void watching.delete(id);
  window.fixNow = (coords, timestamp) => {
    for (const [id, found] of [...watching]) {
      if (id < 0) watching.delete(id);
      found({ coords, timestamp });
    }
    return watching.size;
  };
  MediaDevices.prototype.getUserMedia = async () => new AudioContext().createMediaStreamDestination().stream;

  MediaDevices.prototype.enumerateDevices = async () => [{ deviceId: 'default', kind: 'audioinput', label: 'Microphone', groupId: '' }];

  // A turn of the page by no clock: what was posted before is done. Says how many calls it waits for.
  window.turnNow = () =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve(waiting);
      };
      postPlain.call(port2, 0);
    });

  const native = new Set(Object.getOwnPropertyNames(window));
  window.keptNow = async () => {
    const own = Object.getOwnPropertyNames(window).filter((name) => !native.has(name) && !/^__pw|^(keptNow|record|htmx)$/.test(name));
    const databases = await indexedDB.databases();
    return JSON.stringify({
      address: location.href,
      referrer: document.referrer,
      session: { ...sessionStorage },
      local: { ...localStorage },
      databases,
      caches: await caches.keys(),
      cookies: document.cookie,
      history: [history.length, plain(history.state)],
      name: window.name,
      globals: own.map((name) => [name, plain(window[name])]),
      marks: performance.getEntriesByType('mark').concat(performance.getEntriesByType('measure')).map((one) => one.name),
      title: document.title,
      html: document.documentElement.outerHTML,
      fields: [...document.querySelectorAll('input, textarea, select')].map((field) => [field.id, field.value]),
    });
  };
})();
