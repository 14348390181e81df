// Ask in place instead of on the confirm page. Without <dialog> or this script the opener's own address does it.
document.addEventListener('click', (event) => {
  const opener = event.target.closest('[data-dialog]');
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog || typeof dialog.showModal !== 'function') return;
    if (opener.getAttribute('aria-disabled') === 'true') return;
    event.preventDefault();
    dialog.showModal();
    return;
  }
  const close = event.target.closest('dialog [data-close]');
  if (close) close.closest('dialog').close();
});
