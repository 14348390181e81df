// Sends the outbox, one answer after the other, until it is empty. An answer leaves the outbox only when the server
// has acknowledged it, which it does after the commit.
const PATIENCE = 10000; // ms for one try: a request that hangs is tried again
const FIRST_WAIT = 1500;
const LONGEST_WAIT = 15000;

// handlers: url(position), token(), renewToken(), acknowledged(ack), overtaken(ack), state(name), signIn(), over()
export class Sender {
  constructor(outbox, handlers) {
    this.outbox = outbox;
    this.on = handlers;
    this.wait = FIRST_WAIT;
    this.busy = null;
    this.timer = 0;
    this.refused = new Set();
    this.ended = false;
    addEventListener('online', () => this.soon(0));
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.soon(0); });
  }

  soon(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), ms);
  }

  // Resolves when the outbox is empty or sending has to wait; true when nothing is left.
  flush() {
    this.busy = this.busy || this.run().finally(() => { this.busy = null; });
    return this.busy;
  }

  next() {
    const entries = this.outbox.all();
    const position = Object.keys(entries).find((key) => !this.refused.has(`${key}/${entries[key].seq}`));
    return position === undefined ? null : { position: Number(position), ...entries[position] };
  }

  async run() {
    clearTimeout(this.timer);
    let hasNewToken = false;
    for (let entry = this.next(); entry && !this.ended; entry = this.next()) {
      this.on.state('saving');
      let response;
      try {
        response = await this.post(entry);
      } catch {
        return this.later('offline');
      }
      const isOurs = (response.headers.get('content-type') || '').startsWith('application/json');
      if (response.ok && isOurs) {
        this.wait = FIRST_WAIT;
        const ack = await response.json().catch(() => null);
        if (!ack) return this.later('offline');
        this.outbox.drop(entry.position, entry.seq);
        if (ack.kept) this.on.acknowledged(ack);
        else this.on.overtaken(ack);
      } else if (response.status === 401) {
        return this.expired();
      } else if (response.type === 'opaqueredirect') {
        location.reload(); // something comes first, a new password; the answers wait in the phone
        return false;
      } else if (response.status === 409) {
        this.ended = true;
        this.on.over();
        return false;
      } else if (response.status === 400 && !hasNewToken) {
        hasNewToken = true;
        try {
          if (!(await this.on.renewToken())) return this.expired();
        } catch {
          return this.later('offline');
        }
      } else if (response.status >= 500 || response.status === 429) {
        return this.later('busy', Number(response.headers.get('retry-after')) * 1000);
      } else {
        this.refused.add(`${entry.position}/${entry.seq}`); // sending the same again cannot help
        this.on.state('refused');
        return false;
      }
    }
    if (this.ended || this.outbox.size) return false;
    this.on.state('saved');
    return true;
  }

  expired() {
    this.on.state(this.outbox.isKept ? 'expired' : 'unkept');
    this.on.signIn();
    return false;
  }

  later(state, ms = 0) {
    this.on.state(this.outbox.isKept ? state : 'unkept');
    this.soon(ms || this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    return false;
  }

  async post({ position, seq, answer, flagged }) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE);
    try {
      return await fetch(this.on.url(position), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRFToken': this.on.token() },
        body: JSON.stringify({ seq, answer, flagged }),
        signal: patience.signal,
        redirect: 'manual',
        keepalive: true, // the last tap may be followed by closing the page
      });
    } finally {
      clearTimeout(timer);
    }
  }
}
