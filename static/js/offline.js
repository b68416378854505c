// Entry point of the page for whoever is offline: it stands in for the page that was asked for, and asks for that again.

const EVERY_MS = 15_000;

document.getElementById('retry').addEventListener('click', (event) => {
  event.preventDefault();
  location.reload();
});
window.addEventListener('online', () => location.reload());

async function probe() {
  if (document.hidden) return;
  const answer = await fetch('/api/health/live', { cache: 'no-store' }).catch(() => null);
  if (answer?.ok) location.reload();
}

setInterval(probe, EVERY_MS);
