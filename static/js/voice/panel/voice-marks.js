// Marks in the people list who is in voice. The server sends its rows anew with each change, so marks are added each time.

export function markRows(ids) {
  for (const row of document.querySelectorAll('#people-list .person-row')) {
    const shown = row.querySelector('.in-voice');
    if (!ids.has(row.dataset.person)) shown?.remove();
    else if (!shown) row.lastElementChild.before(document.getElementById('voice-mark').content.cloneNode(true));
  }
}
