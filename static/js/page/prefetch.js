// Fetches files into the browser's cache before they are needed: a few at once, so that a request that is in a hurry finds a
// connection. While it waits for its answer the network has room for more of them.

const LANES = 5;

let waiting = [];

export function savesData() {
  return Boolean(navigator.connection?.saveData);
}

/** Resolves when they are there or the network is gone; where somebody saves data nothing is fetched ahead. */
export async function prefetch(urls) {
  if (savesData()) return;
  waiting = [...urls];
  await Promise.all(Array.from({ length: LANES }, fetchNext));
}

async function fetchNext() {
  const url = waiting.shift();
  if (!url) return;
  try {
    const answer = await fetch(url, { priority: 'low' });
    await answer.arrayBuffer(); // an answer that nobody reads may be dropped half-way
  } catch {
    waiting = []; // the network is gone; the page that needs them asks itself
  }
  await fetchNext();
}
