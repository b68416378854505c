// The service worker: shows notifications, leads a press on one to its message, and has a page for whoever is offline. It keeps that
// page and what it is made of, and nothing else: no answer of the server that holds anybody or anything said.
// VERSION, OFFLINE, FILES, LANGUAGE and WORDS, what notifications say in that language, stand in front of it, as the server put them.
/* global VERSION, OFFLINE, FILES, LANGUAGE, WORDS */

const CACHE = `neartalk-offline-${VERSION}`;
const CHOICES = ['neartalk-choices', '/choices'];
const ICON = '/static/icons/neartalk-192.png';
const BUZZ_MS = [80, 60, 80];
const LIFE_MS = 1_800_000; // as long as a message
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1eeff}]/u;

const offlinePages = new Set(); // ids of the clients that show the page for whoever is offline

self.addEventListener('install', (event) => {
  event.waitUntil(fill().then(() => self.skipWaiting()));
});
self.addEventListener('activate', (event) => {
  event.waitUntil(Promise.all([removeOld(), closeOld()]));
});

async function fill() {
  const cache = await caches.open(CACHE);
  const headers = { 'Accept-Language': LANGUAGE }; // the one that was chosen is told by a cookie, which is not sent
  await cache.addAll([OFFLINE, ...FILES].map((url) => new Request(url, { credentials: 'omit', cache: 'reload', headers })));
}

async function removeOld() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith('neartalk-offline-') && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

// Pages come from the server; only where nobody answers does the one for that stand in, and its files with it. No other page's files
// pass through here.
self.addEventListener('fetch', (event) => {
  const { request, clientId } = event;
  if (request.mode === 'navigate') event.respondWith(openPage(event));
  else if (offlinePages.has(clientId) && isOfOffline(request.url)) event.respondWith(fetch(request).catch(() => kept(request.url)));
});

async function openPage({ request, resultingClientId }) {
  try {
    return await fetch(request);
  } catch {
    // What a form sent is not done: back to the page that has it, so that trying again sends nothing.
    if (request.method !== 'GET') return Response.redirect(request.referrer || '/', 303);
    offlinePages.add(resultingClientId);
    return kept(OFFLINE);
  }
}

function isOfOffline(url) {
  const { origin, pathname } = new URL(url);
  return origin === location.origin && FILES.includes(pathname);
}

async function kept(url) {
  return (await (await caches.open(CACHE)).match(url, { ignoreVary: true })) ?? new Response(null, { status: 504 });
}

self.addEventListener('push', (event) => {
  event.waitUntil(showPush(event.data));
});

async function showPush(data) {
  const { kind, name, id = '', text = '' } = readPush(data);
  await closeOld();
  const windows = await self.clients.matchAll({ type: 'window' });
  if (windows.some(({ visibilityState }) => visibilityState === 'visible')) return;
  const { sound = true, buzz = true } = await chosen();
  await self.registration.showNotification(titleOf(kind, name), {
    body: text,
    tag: `neartalk-${kind}`,
    icon: ICON,
    badge: ICON,
    data: { id },
    renotify: true,
    silent: !sound,
    ...(sound && buzz ? { vibrate: BUZZ_MS } : {}),
  });
  const open = await self.registration.getNotifications();
  await self.navigator.setAppBadge?.(open.length);
}

function titleOf(kind, name) {
  return Object.hasOwn(WORDS, kind) ? WORDS[kind].replace('{name}', () => isolated(name)) : 'NearTalk';
}

// As the page does: it turns no words around it, nor they it.
function isolated(name) {
  return [name, ...Object.values(WORDS)].some((text) => RIGHT_TO_LEFT.test(text)) ? `\u2068${name}\u2069` : name;
}

function readPush(data) {
  try {
    return data.json();
  } catch {
    return { kind: 'news', name: '' };
  }
}

async function chosen() {
  try {
    const [cache, address] = CHOICES;
    return (await (await (await caches.open(cache)).match(address))?.json()) ?? {};
  } catch {
    return {};
  }
}

self.addEventListener('message', (event) => {
  const { type, tags } = event.data ?? {};
  if (type === 'close') event.waitUntil(close(tags));
  if (type === 'leave') event.waitUntil(leave());
});

// Whoever has this device next has chosen nothing yet, and is no more reached in the name of this one.
async function leave() {
  await Promise.all([close(), caches.delete(CHOICES[0]), self.navigator.clearAppBadge?.()]);
  await (await self.registration.pushManager?.getSubscription())?.unsubscribe();
}

async function close(tags = null) {
  for (const one of await self.registration.getNotifications()) if (!tags || tags.includes(one.tag)) one.close();
}

// What somebody wrote is gone after that time, and so is what led to it.
async function closeOld() {
  const since = Date.now() - LIFE_MS;
  for (const one of await self.registration.getNotifications()) if (one.timestamp < since) one.close();
}

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.id ?? ''));
});

// The page that is there already comes up, else a new one; the id stands in no request.
async function open(id) {
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const page = windows.find(({ url }) => new URL(url).pathname === '/near');
  if (!page) return self.clients.openWindow(id ? `/near#m-${id}` : '/near');
  page.postMessage({ type: 'open', id });
  return page.focus();
}
