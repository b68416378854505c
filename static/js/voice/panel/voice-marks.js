// Who in the list of people is in voice, as far as this page knows. The rows are the server's and come anew with each change.

export function mark(ids) {
  for (const row of document.querySelectorAll('#people-list .person-row')) {
    const shown = row.querySelector('.in-voice');
    if (!ids.has(row.dataset.person)) shown?.remove();
    else if (!shown) row.lastElementChild.before(document.getElementById('voice-mark').content.cloneNode(true));
  }
}
