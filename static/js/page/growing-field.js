// Fields that are as high as their text, between the least and the most that the stylesheet gives them. In browsers
// without `field-sizing` they are measured here.

const byStyle = CSS.supports('field-sizing', 'content');

/** Lets a <textarea> grow and shrink with what is typed, with its width and with the size of the text. */
export function growWithText(field) {
  if (byStyle) return;
  let width = 0;
  field.addEventListener('input', () => fit(field));
  field.form?.addEventListener('reset', () => setTimeout(() => fit(field))); // the event comes before the reset
  new ResizeObserver(() => {
    if (field.offsetWidth === width) return; // the height alone, which is ours
    width = field.offsetWidth;
    fit(field);
  }).observe(field);
}

/** Fits a field to its text; to be called after a script has set it. */
export function fit(field) {
  if (byStyle) return;
  field.style.blockSize = 'auto'; // or it could not shrink
  const borders = field.offsetHeight - field.clientHeight;
  if (field.scrollHeight) field.style.blockSize = `${field.scrollHeight + borders}px`;
}
