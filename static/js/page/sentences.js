// Sentences that name people, {name, tag, colour}: lists of strings and of people in turn, as they are put on the page.

/** People joined as a list: "Ana", "Ana and Bo", "Ana, Bo and Cem". */
export function joined(people) {
  return people.flatMap((one, turn) => {
    if (!turn) return [one];
    return [turn === people.length - 1 ? ' and ' : ', ', one];
  });
}

/** The first of them, and how many more, joined as a list. */
export function named(people, max) {
  const rest = people.length - max;
  return joined(rest > 0 ? [...people.slice(0, max), `${rest} more`] : people);
}

/** Fills an element with a sentence, where it differs from what stands there. `alike` are the tags of names that two people have. */
export function renderSentence(element, sentence, alike) {
  const key = JSON.stringify([sentence, [...alike]]);
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(...sentence.flatMap((part) => (typeof part === 'string' ? part : createName(part, alike))));
}

function createName({ name, tag, colour }, alike) {
  const bold = document.createElement('bdi');
  bold.className = `name p${colour}`;
  bold.textContent = name;
  if (!alike.has(tag)) return [bold];
  const small = document.createElement('span');
  small.className = 'tag';
  small.textContent = tag;
  return [bold, ' ', small];
}
