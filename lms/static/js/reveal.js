// Show or hide a password. The button is hidden in the page and comes with this script.
for (const button of document.querySelectorAll('button[data-reveal]')) {
  const box = document.getElementById(button.dataset.reveal);
  if (!box) continue;
  const words = button.querySelector('.btn__t');
  const set = (shown) => {
    box.type = shown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(shown));
    words.textContent = shown ? button.dataset.hide : button.dataset.show;
  };
  button.addEventListener('click', () => { set(box.type === 'password'); box.focus(); });
  // never send or remember it as plain text
  if (box.form) box.form.addEventListener('submit', () => set(false));
  addEventListener('pageshow', () => set(false));
  button.hidden = false;
}
