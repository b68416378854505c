// Notifications of the device while the page is hidden, where they were allowed: one for each subject. Phones allow them from a
// service worker only and throw here; whoever notifies says it in the title as well.

const ICON = '/static/icons/neartalk-192.png';

const shown = new Map(); // subject: Notification

/** Asks whether notifications are allowed; resolves to whether they are. */
export async function askPermission() {
  return 'Notification' in window && (await Notification.requestPermission()) === 'granted';
}

/** Shows it on a hidden page, in place of the one before on that subject. A press brings the page up. */
export function notify(subject, title, body) {
  if (!document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return;
  try {
    const notification = new Notification(title, { body, tag: `neartalk-${subject}`, icon: ICON });
    shown.set(subject, notification);
    notification.onclick = () => {
      window.focus();
      notification.close();
    };
  } catch {
    shown.delete(subject);
  }
}

/** Takes it back: what it said holds no more. */
export function closeNotification(subject) {
  shown.get(subject)?.close();
  shown.delete(subject);
}

// What it says of somebody must not outlive the page.
window.addEventListener('pagehide', () => [...shown.keys()].forEach(closeNotification));
