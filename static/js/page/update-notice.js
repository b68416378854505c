// A page of before, once the server has a newer one: said calmly, and loaded when its reader wants to.

import { clearAlert, showAlert } from './alerts.js';
import { gettext } from './gettext.js';
import { onUpdate } from './worker-registration.js';

onUpdate(() =>
  showAlert('update', {
    calm: true,
    title: gettext('NearTalk is new.'),
    words: gettext('What you typed stays.'),
    label: gettext('Load it'),
    run: () => {
      clearAlert('update');
      location.reload();
    },
  }),
);
