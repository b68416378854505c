// What is pressed before the modules are there that do it waits for them: the last press on each control, which shows that it
// waits. The page loads this module before all others. Links and forms with an address work without any, and are left to the
// browser.

const CONTROLS = 'button, input:is([type="checkbox"], [type="radio"], [type="range"]), [data-waits] :is(a, .bubble)';
const PROCESSED = 229; // of a key that an input method has used, as input-method.js has it

const live = new WeakSet(); // the parts of the page, or all of it, that need to wait no more
const waiting = new Map(); // control: what is done on it

/** A part of the page (data-waits), or all but these, is live: what was pressed there is done now. */
export function release(part = document) {
  live.add(part);
  const due = [...waiting].filter(([control]) => rootOf(control) === part || !control.isConnected);
  for (const [control, act] of due) {
    drop(control);
    if (control.isConnected) act();
  }
}

function rootOf(element) {
  return element.closest('[data-waits]') ?? document;
}

function hold(event, control, act) {
  event.preventDefault();
  event.stopImmediatePropagation();
  waiting.delete(control); // it goes behind those that were pressed since
  waiting.set(control, act);
  control.setAttribute('aria-busy', 'true');
}

function drop(control) {
  waiting.delete(control);
  control.removeAttribute('aria-busy');
}

function isHeld(element) {
  return element && !live.has(rootOf(element));
}

function onClick(event) {
  const control = event.target.closest(CONTROLS);
  if (isHeld(control) && control.localName !== 'input' && control.type !== 'submit') hold(event, control, () => control.click());
}

// What the browser shows as chosen already.
function onChange(event) {
  const { target } = event;
  if (!target.matches(CONTROLS) || !isHeld(target)) return;
  const { value, checked } = target;
  hold(event, target, () => {
    Object.assign(target, { value, checked });
    for (const type of ['input', 'change']) target.dispatchEvent(new Event(type, { bubbles: true }));
  });
}

function onSubmit(event) {
  if (event.target.method === 'dialog' && isHeld(event.target)) hold(event, event.target, () => event.target.requestSubmit());
}

// As in composer.js.
function onKey(event) {
  const { key, shiftKey, isComposing, keyCode, target } = event;
  if (key !== 'Enter' || shiftKey || isComposing || keyCode === PROCESSED || target.localName !== 'textarea') return;
  if (!window.matchMedia('(pointer: fine)').matches) return;
  if (isHeld(target)) hold(event, target.form, () => target.form.requestSubmit());
}

// What is written on is not finished.
function onInput({ target }) {
  if (waiting.has(target.form)) drop(target.form);
}

// Where a module did not come, or failed, nothing waits for it any longer.
window.addEventListener('load', () => release());
for (const [type, listener] of Object.entries({ click: onClick, change: onChange, submit: onSubmit, keydown: onKey, input: onInput })) {
  document.addEventListener(type, listener, { capture: true });
}
