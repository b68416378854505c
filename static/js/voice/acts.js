// What is done with one person in voice: from their tile, from a request beside the chat, and from their menu.

import * as volumes from './audio/volumes.js';
import * as room from './calls/room.js';
import { scheduleRender } from './panel/renderer.js';
import { volumeOf } from './session-state.js';

const ACTS = {
  knock: (id) => room.sendAct('knock', id),
  cancel: (id) => room.sendAct('decline', id),
  accept: (id) => room.sendAct('accept', id),
  decline: (id) => room.sendAct('decline', id),
  end: (id) => room.sendAct('decline', id),
  hush: (id) => volumes.setForPerson(id, { hushed: !volumeOf(id).hushed }),
  anyway: (id) => volumes.setForPerson(id, { anyway: !volumeOf(id).anyway }),
};

function personOf(element) {
  return element.closest('[data-person]').dataset.person;
}

for (const place of ['voice-tiles', 'voice-asks', 'menu-call']) {
  document.getElementById(place).addEventListener('click', ({ target }) => {
    const act = ACTS[target.closest('[data-act]')?.dataset.act];
    if (!act) return;
    act(personOf(target));
    scheduleRender();
  });
}
document.getElementById('menu-volume').addEventListener('input', ({ target }) => {
  volumes.setForPerson(personOf(target), { volume: Number(target.value) });
  scheduleRender();
});
