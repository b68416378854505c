// Geohash cells: encodes a position as a geohash of precision 7, on the device; only the cell and its centre leave it.
// The same bisection as pygeohash: a point on a border belongs to the half above it.

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';
const BITS = 35; // seven characters of five
const LATITUDE_MAX = 85;

export function encode(lat, lon) {
  const box = whole();
  let cell = '';
  let digit = 0;
  for (let bit = 0; bit < BITS; bit += 1) {
    const upper = bit % 2 ? halve(box.lat, lat) : halve(box.lon, normalised(lon));
    digit = digit * 2 + upper;
    if (bit % 5 === 4) {
      cell += ALPHABET[digit];
      digit = 0;
    }
  }
  return cell;
}

/** Whether a latitude is one where nobody can be: cells are too narrow to meet in beyond 85 degrees. */
export function isBeyond(lat) {
  return !(Math.abs(lat) <= LATITUDE_MAX); // so written, NaN is one too
}

/** The cell that stands for one from here on: of an `area` the middle one of its tile (six characters), whichever it was. */
export function publishedCell(cell, roughness) {
  return roughness === 'area' ? `${cell.slice(0, 6)}s` : cell;
}

/** What is told of a cell: its middle, or where 85 degrees run through it, the nearest point on them. */
export function publishedPoint(cell) {
  const { lat, lon } = centre(cell);
  return { lat: Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, lat)), lon };
}

/** The middle of a cell in degrees, exactly: every border is a multiple of a power of two. */
export function centre(cell) {
  const box = whole();
  let bit = 0;
  for (const character of cell) {
    const digit = ALPHABET.indexOf(character);
    for (let mask = 16; mask; mask >>= 1) {
      narrow(bit % 2 ? box.lat : box.lon, digit & mask ? 1 : 0);
      bit += 1;
    }
  }
  return { lat: middle(box.lat), lon: middle(box.lon) };
}

export function isCell(text) {
  return typeof text === 'string' && /^[0-9b-hjkmnp-z]{7}$/.test(text);
}

/**
 * For URLs of sockets and of moves: a number from 0 to 1023 that all of a district (five characters, 5 km) share, so that a proxy can
 * bring them to one process. 33,000 districts of the world share each number, but few of one city do. FNV-1a.
 */
export function hint(cell) {
  let hash = 0x811c9dc5;
  for (const character of cell.slice(0, 5)) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return (hash >>> 0) % 1024;
}

// Only what lies outside is moved: taking 360 away and back would cost digits.
function normalised(lon) {
  return lon >= -180 && lon < 180 ? lon : ((((lon + 180) % 360) + 360) % 360) - 180;
}

function whole() {
  return { lat: [-90, 90], lon: [-180, 180] };
}

function middle([low, high]) {
  return (low + high) / 2;
}

function halve(range, value) {
  const upper = value >= middle(range) ? 1 : 0;
  narrow(range, upper);
  return upper;
}

function narrow(range, upper) {
  range[upper ? 0 : 1] = middle(range);
}
