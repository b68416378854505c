// The units of distances, chosen in the settings: a cookie, so that each page comes in them at once. It stays when one leaves.

const COOKIE = 'units';
const KEPT_S = 31_536_000;

function choose(units) {
  const secure = location.protocol === 'https:' ? '; secure' : '';
  document.cookie = `${COOKIE}=${units}; path=/; max-age=${KEPT_S}; samesite=lax${secure}`;
  location.reload();
}

document.addEventListener('change', ({ target }) => target.name === COOKIE && choose(target.value));
