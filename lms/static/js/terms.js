// A word of the field is explained where it stands: a tap opens its plain explanation below the line, another closes it.
// Without this script the link leads to the list of words at the end of the part.
for (const term of document.querySelectorAll('a.term')) {
  const box = document.createElement('span');
  box.className = 'term__says';
  box.id = `${term.hash.slice(1)}-here`;
  box.textContent = term.title;
  box.hidden = true;
  term.insertAdjacentElement('afterend', box);
  term.removeAttribute('title'); // the box says it; a phone would never show it
  term.setAttribute('aria-expanded', 'false');
  term.setAttribute('aria-controls', box.id);
  term.addEventListener('click', (event) => {
    event.preventDefault();
    box.hidden = !box.hidden;
    term.setAttribute('aria-expanded', String(!box.hidden));
  });
}
