// Signing in again without leaving the exam. The dialog posts to the ordinary sign-in page.
export class SignIn {
  // done(person, token): called after a sign-in; words: sentence for "too many tries"
  constructor(dialog, tokenUrl, words, done) {
    this.dialog = dialog;
    this.tokenUrl = tokenUrl;
    this.words = words;
    this.done = done;
    this.form = dialog.querySelector('form');
    this.refusal = dialog.querySelector('[data-refusal]');
    this.form.addEventListener('submit', (event) => { event.preventDefault(); this.send(); });
  }

  ask() {
    if (this.dialog.open) return;
    if (typeof this.dialog.showModal !== 'function') { location.assign(this.form.action); return; }
    this.dialog.showModal();
    this.dialog.querySelector('input[type=password]').focus();
  }

  // Whose session this browser has, and the token that its forms need now.
  async session() {
    const response = await fetch(this.tokenUrl, { headers: { Accept: 'application/json' } });
    return response.json();
  }

  async send() {
    const button = this.form.querySelector('button[type=submit]');
    button.setAttribute('aria-disabled', 'true');
    button.classList.add('is-busy');
    try {
      const body = new URLSearchParams(new FormData(this.form));
      body.set('csrf_token', (await this.session()).csrf_token);
      const response = await fetch(this.form.action, { method: 'POST', body, redirect: 'manual', headers: { Accept: 'text/html' } });
      if (response.type !== 'opaqueredirect' && response.status !== 302) { this.refuse(await this.reason(response)); return; }
      const { person, csrf_token: token } = await this.session();
      if (!person) { this.refuse(this.words); return; }
      this.form.querySelector('input[type=password]').value = '';
      this.refusal.hidden = true;
      this.dialog.close();
      this.done(person, token);
    } catch {
      this.refuse(this.form.dataset.offline);
    } finally {
      button.removeAttribute('aria-disabled');
      button.classList.remove('is-busy');
    }
  }

  // The sign-in page says in words what was wrong.
  async reason(response) {
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const line = page.querySelector('.errsum li');
    return line ? line.textContent : this.words;
  }

  refuse(text) {
    this.refusal.textContent = text;
    this.refusal.hidden = false;
    this.form.querySelector('input[type=password]').focus();
  }
}
