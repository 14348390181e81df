// Answers on their way, kept in the phone until the server says that they are stored.
// One key a person and attempt: they are sent only under the person who gave them. All tabs of a browser share it.
const PREFIX = 'lms.outbox.';
const OLD = 24 * 3600 * 1000; // no exam is open that long

export class Outbox {
  constructor(person, attempt) {
    this.key = `${PREFIX}${person}.${attempt}`;
    this.inMemory = null; // used when the browser stores nothing
    this.forgetOld();
  }

  get isKept() { return this.inMemory === null; }

  all() {
    if (this.inMemory) return this.inMemory;
    try {
      return JSON.parse(localStorage.getItem(this.key)) || {};
    } catch {
      return {};
    }
  }

  store(entries) {
    if (!this.inMemory) {
      try {
        if (Object.keys(entries).length) localStorage.setItem(this.key, JSON.stringify(entries));
        else localStorage.removeItem(this.key);
        return;
      } catch { /* full or forbidden */ }
    }
    this.inMemory = entries;
  }

  put(position, entry) { this.store({ ...this.all(), [position]: { ...entry, at: Date.now() } }); }

  // Only what was acknowledged: a newer answer to the same question stays.
  drop(position, seq) {
    const entries = this.all();
    if (entries[position] && entries[position].seq <= seq) {
      delete entries[position];
      this.store(entries);
    }
  }

  get size() { return Object.keys(this.all()).length; }

  forgetOld() {
    try {
      for (const key of Object.keys(localStorage)) {
        if (!key.startsWith(PREFIX) || key === this.key) continue;
        const entries = Object.values(JSON.parse(localStorage.getItem(key)) || {});
        if (entries.every((entry) => Date.now() - entry.at > OLD)) localStorage.removeItem(key);
      }
    } catch { /* nothing to forget */ }
  }
}
