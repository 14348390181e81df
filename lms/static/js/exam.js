// The exam page: one question at a time without loading a page, every change kept in the phone and sent at once.
// Without this script each question is a form of its own that the server stores.
import { Clock } from './exam/clock.js';
import { Outbox } from './exam/outbox.js';
import { Sender } from './exam/sender.js';
import { SignIn } from './exam/sign_in.js';
import { Stored } from './exam/stored.js';

const exam = document.getElementById('exam');
const words = JSON.parse(document.getElementById('exam-words').textContent);
const forms = new Map([...exam.querySelectorAll('form[data-question]')].map((form) => [Number(form.dataset.question), form]));
const cells = [...exam.querySelectorAll('.qnav a')];
const line = document.querySelector('[data-saveline]');
const title = document.title;
const SIGNS = { ok: 'check', busy: 'sync', local: 'cloud-off', bad: 'alert' };

const outbox = new Outbox(exam.dataset.person, exam.dataset.attempt);
const stored = new Stored(exam.dataset.person, exam.dataset.attempt);
let current = Number(exam.dataset.current);
let token = exam.querySelector('input[name=csrf_token]').value;
let savedAt = line.querySelector('time') ? line.querySelector('time').textContent : '';

// --- what the page says ---

function say(kind, text, time = '') {
  line.className = `saveline saveline--${kind}`;
  const use = line.querySelector('use');
  use.setAttribute('href', `${use.getAttribute('href').split('#')[0]}#i-${SIGNS[kind]}`);
  const box = line.querySelector('span');
  const stamp = time && Object.assign(document.createElement('time'), { textContent: time });
  box.textContent = text;
  if (stamp) box.append(' ', stamp);
}

function state(name) {
  if (name === 'saved') { if (savedAt) say('ok', words.saved, savedAt); }
  else if (name === 'saving') say('busy', words.saving);
  else say(name === 'refused' || name === 'unkept' ? 'bad' : 'local', words[name]);
}

// A line above the question, read out too; it stays until the next question.
function notice(text) {
  const box = document.getElementById('notice');
  const line = Object.assign(document.createElement('p'), { className: 'note-box note-box--watch mt3', textContent: text });
  box.textContent = '';
  if (text) box.append(line);
}

// --- one question ---

function answerOf(form) {
  const answer = {};
  for (const part of form.querySelectorAll('[data-part]')) {
    const chosen = [...part.querySelectorAll('input:checked')].map((input) => input.value);
    if (chosen.length) answer[part.dataset.part] = part.querySelector('input[type=checkbox]') ? chosen : chosen[0];
  }
  return answer;
}

function show(form, { answer, flagged }) {
  for (const part of form.querySelectorAll('[data-part]')) {
    const chosen = [answer[part.dataset.part] ?? []].flat();
    for (const input of part.querySelectorAll('input')) input.checked = chosen.includes(input.value);
  }
  form.elements.flagged.checked = flagged;
}

const isAnswered = (form) => [...form.querySelectorAll('[data-part]')].every((part) => part.querySelector('input:checked'));

function paint(position) {
  const form = forms.get(position);
  const cell = cells[position - 1];
  const [answered, flagged] = [isAnswered(form), form.elements.flagged.checked];
  cell.className = [answered && 'ans', flagged && 'flg'].filter(Boolean).join(' ');
  const said = (answered ? words.answered : words.unanswered).replace('{n}', position);
  cell.setAttribute('aria-label', flagged ? said + words.flagged : said);
  const count = [...forms.values()].filter(isAnswered).length;
  exam.querySelector('#sheet + small').textContent = words.count.replace('{a}', count).replace('{b}', forms.size - count);
}

function note(form) {
  const position = Number(form.dataset.question);
  const waiting = outbox.all()[position];
  const seq = Math.max(Number(form.dataset.seq), waiting ? waiting.seq : 0) + 1;
  form.dataset.seq = seq;
  outbox.put(position, { seq, answer: answerOf(form), flagged: form.elements.flagged.checked });
  paint(position);
  state('saving');
  sender.flush();
}

function turn(position, { push = true, focus = true } = {}) {
  const form = forms.get(position);
  if (!form) return;
  notice('');
  forms.get(current).hidden = true;
  cells[current - 1].removeAttribute('aria-current');
  current = position;
  form.hidden = false;
  cells[current - 1].setAttribute('aria-current', 'true');
  const number = words.number.replace('{n}', position);
  const head = document.getElementById('question');
  head.querySelector('[data-number]').textContent = number;
  exam.querySelector('[data-kind]').textContent = form.dataset.kindWords;
  document.title = title.replace(/^[^·]+/, `${number} `);
  if (push) history.pushState({ position }, '', `${exam.dataset.address}?q=${position}`);
  if (focus) {
    head.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

// --- sending ---

function renewed(newToken) {
  token = newToken;
  for (const input of document.querySelectorAll('input[name=csrf_token]')) input.value = newToken;
}

const again = document.getElementById('sign-in-again');
again.querySelector('form').dataset.offline = words.offline;
const signIn = new SignIn(again, exam.dataset.token, words.tries, (person, newToken) => {
  if (person !== exam.dataset.person) { location.assign('/'); return; } // these answers are not theirs
  renewed(newToken);
  sender.flush();
});

const sender = new Sender(outbox, {
  url: (position) => forms.get(position).action,
  token: () => token,
  // Whether this browser is still signed in as the person who sits here; another may be, by another tab.
  async renewToken() {
    const session = await signIn.session();
    if (session.person !== exam.dataset.person) return false;
    renewed(session.csrf_token);
    return true;
  },
  acknowledged(ack) {
    stored.put(ack);
    savedAt = ack.saved_at;
    clock.set(ack.left);
    const form = forms.get(ack.position);
    form.dataset.seq = Math.max(Number(form.dataset.seq), ack.seq);
  },
  // Answered meanwhile on another phone: the newest answer that the server has is shown.
  overtaken(ack) {
    stored.put(ack);
    const form = forms.get(ack.position);
    form.dataset.seq = Math.max(Number(form.dataset.seq), ack.seq);
    if (outbox.all()[ack.position]) return; // changed here again since: that one goes out next
    show(form, ack);
    paint(ack.position);
    savedAt = ack.saved_at;
    notice(words.changed.replace('{n}', ack.position));
  },
  state,
  signIn: () => signIn.ask(),
  over: () => document.getElementById('time-up').submit(),
});

// --- time ---

const clock = new Clock(
  document.getElementById('exam-left'),
  Number(exam.dataset.left),
  [300, 60],
  (seconds) => notice(seconds === 300 ? words.five : words.one),
  () => {
    for (const form of forms.values()) form.inert = true;
    notice(words.over);
    finish();
  },
);

// Hand in what the phone still holds first. Without a network this waits for one; the server's grace decides.
async function finish() {
  await sender.flush();
  if (sender.ended) return;
  if (sender.next() && outbox.size) setTimeout(finish, 3000);
  else document.getElementById('time-up').submit();
}

// --- what the person does ---

for (const [position, form] of forms) {
  form.addEventListener('change', () => note(form));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const go = event.submitter ? Number(event.submitter.value) : position + 1;
    if (go > forms.size) leave();
    else turn(go);
  });
}

cells.forEach((cell, index) => cell.addEventListener('click', (event) => { event.preventDefault(); turn(index + 1); }));
addEventListener('popstate', (event) => turn((event.state && event.state.position) || 1, { push: false }));
// Another tab of this browser answered: show it here too, and count on from there.
addEventListener('storage', (event) => {
  if (event.key !== outbox.key) return;
  for (const [key, entry] of Object.entries(outbox.all())) {
    const form = forms.get(Number(key));
    if (!form || entry.seq <= Number(form.dataset.seq)) continue;
    form.dataset.seq = entry.seq;
    show(form, entry);
    paint(Number(key));
  }
});
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

// To the page that asks before handing in; it counts what the server has, so everything must be there first.
async function leave() {
  if (!navigator.onLine) { state('offline'); notice(words.nowhere); return; }
  await sender.flush();
  // What the server refuses is not sent again; the next page counts it as not answered.
  if (await sender.flush() || !sender.next()) { location.assign(exam.dataset.handIn); return; }
  if (outbox.size) {
    const text = words.unsent.replace('{n}', outbox.size);
    notice(text);
  }
}

exam.querySelector('[data-hand-in-link]').addEventListener('click', (event) => { event.preventDefault(); leave(); });

// --- what the page does not know yet: stored while it was on its way, or not yet sent when the last one was left ---

for (const ack of Object.values(stored.all())) {
  const form = forms.get(ack.position);
  if (!form || ack.seq <= Number(form.dataset.seq)) continue;
  show(form, ack);
  form.dataset.seq = ack.seq;
  paint(ack.position);
  if (ack.saved_at > savedAt) savedAt = ack.saved_at;
}
if (savedAt) state('saved');
for (const [key, entry] of Object.entries(outbox.all())) {
  const form = forms.get(Number(key));
  if (!form || entry.seq <= Number(form.dataset.seq)) { outbox.drop(key, entry.seq); continue; }
  show(form, entry);
  form.dataset.seq = entry.seq;
  paint(Number(key));
}
history.replaceState({ position: current }, '');
if (outbox.size) sender.flush();
