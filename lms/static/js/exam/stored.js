// What the server has acknowledged in this tab. On a slow line a page can be older than what the page before it heard
// while this one was still on its way; without this it would show an answer as missing that is stored.
const PREFIX = 'lms.stored.';

export class Stored {
  constructor(person, attempt) {
    this.key = `${PREFIX}${person}.${attempt}`;
    try {
      for (const key of Object.keys(sessionStorage)) {
        if (key.startsWith(PREFIX) && key !== this.key) sessionStorage.removeItem(key);
      }
    } catch { /* nothing to forget */ }
  }

  all() {
    try {
      return JSON.parse(sessionStorage.getItem(this.key)) || {};
    } catch {
      return {};
    }
  }

  put(ack) {
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ ...this.all(), [ack.position]: ack }));
    } catch { /* full or forbidden: the page asks the server anew at the next load */ }
  }
}
