// The size of text, chosen in the settings: a cookie, so that each page comes in it at once. Leaving removes it.

const COOKIE = 'text-size';
const DEFAULT = '100';
const KEPT_S = 31_536_000;

function keep(size, seconds) {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `${COOKIE}=${size}; path=/; max-age=${seconds}; samesite=lax${secure}`;
}

function choose(size) {
  if (size === DEFAULT) delete document.documentElement.dataset.textSize;
  else document.documentElement.dataset.textSize = size;
  keep(size, size === DEFAULT ? 0 : KEPT_S);
}

export function forgetTextSize() {
  keep(DEFAULT, 0);
}

document.addEventListener('change', ({ target }) => target.name === COOKIE && choose(target.value));
