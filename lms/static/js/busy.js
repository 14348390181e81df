// After a submit: the pressed button says that the server works, a second press is held back.
// Comfort only; the server must bear a double post.
const held = new Map();

function restore() {
  for (const [form, undo] of held) { undo(); delete form.dataset.sent; }
  held.clear();
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === 'dialog' || form.hasAttribute('data-no-busy')) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = '1';
  const button = event.submitter || form.querySelector('.btn[type=submit]');
  let undo = () => {};
  if (button && button.classList.contains('btn')) {
    const words = button.querySelector('.btn__t');
    const before = words && words.textContent;
    button.classList.add('is-busy');
    button.setAttribute('aria-disabled', 'true');
    if (words && button.dataset.busy) words.textContent = button.dataset.busy;
    undo = () => {
      button.classList.remove('is-busy');
      button.removeAttribute('aria-disabled');
      if (words) words.textContent = before;
    };
  }
  held.set(form, undo);
  // a download or a lost network leaves us on the page
  setTimeout(restore, form.method === 'get' ? 4000 : 20000);
});

addEventListener('pageshow', restore);
