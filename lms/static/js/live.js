// A page about work under way brings itself up to date; without this script it loads itself anew.
const EVERY = 3000;

async function renew() {
  const shown = document.querySelector('[data-live]');
  try {
    const response = await fetch(location.href, { headers: { Accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const fresh = page.querySelector('[data-live]');
    if (response.ok && !fresh) { location.reload(); return; } // it has ended: the whole page says what came of it
    if (fresh) shown.innerHTML = fresh.innerHTML; // the box stays, so that a screen reader hears what changed in it
  } catch { /* no network just now: the next turn asks again */ }
  setTimeout(renew, EVERY);
}

setTimeout(renew, EVERY);
