// Remembers the paragraph that is read, so that the lesson opens there again, on another phone too.
const lesson = document.querySelector('[data-paragraphs]');
const PARAGRAPHS = '.prose > p, .prose > ul > li, .prose > ol > li, .points > li, .dont li, .recall';
const REST = 3000; // only where somebody rests is read
const BELOW_THE_BAR = 100;

if (lesson) {
  const all = [...lesson.querySelectorAll(PARAGRAPHS)];
  let stored = Number(lesson.dataset.paragraph);
  let timer = 0;

  const reading = () => Math.max(0, all.findIndex((each) => each.getBoundingClientRect().bottom > BELOW_THE_BAR));

  const send = () => {
    clearTimeout(timer);
    const here = reading();
    if (here === stored) return;
    stored = here;
    const body = new URLSearchParams({ paragraph: String(here), csrf_token: lesson.dataset.csrf });
    // lost without network: it is no more than a bookmark, and the next rest sends the next
    fetch(lesson.dataset.paragraphs, { method: 'POST', body, keepalive: true }).catch(() => {});
  };

  if (stored > 0 && stored < all.length && !location.hash) {
    all[stored].scrollIntoView({ block: 'start' });
    const went = lesson.querySelector('[data-went-on]');
    all[stored].before(went);
    went.hidden = false;
    went.scrollIntoView({ block: 'start' });
  }
  addEventListener('scroll', () => { clearTimeout(timer); timer = setTimeout(send, REST); }, { passive: true });
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') send(); });
}
