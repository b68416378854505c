// With a mouse, one strip of tools for the whole page: it moves to the message under the pointer.

const list = document.getElementById('messages');
const tools = document.getElementById('message-tools').content.firstElementChild.cloneNode(true);

list.addEventListener('pointerover', ({ target, pointerType }) => {
  if (pointerType !== 'mouse') return;
  const row = target.closest('.message:not(.folded, .removing)');
  if (!row || row.contains(tools)) return;
  tools.querySelector('[data-act="react-menu"]').hidden = row.classList.contains('mine');
  row.append(tools);
});
list.parentElement.addEventListener('pointerleave', () => tools.remove());
