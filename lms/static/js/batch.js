// Count the ticked rows of a form in its batch bar and in its dialog ([data-count] with {n}); offer "all on this page".
for (const bar of document.querySelectorAll('[data-batch]')) {
  const form = document.getElementById(bar.dataset.batch);
  if (!form) continue;
  const ticks = () => [...form.elements].filter((e) => e.classList.contains('tick') && !e.disabled);
  const places = () => [...bar.querySelectorAll('[data-count]'), ...document.querySelectorAll(`[data-count-of="${form.id}"]`)];
  const all = bar.querySelector('[data-all]');
  const show = () => {
    const list = ticks();
    const n = list.filter((e) => e.checked).length;
    for (const p of places()) {
      const box = p.querySelector('.btn__t') || p;
      const words = n || !('none' in p.dataset) ? p.dataset.count.replace('{n}', n) : p.dataset.none;
      if (box.textContent !== words) box.textContent = words;
    }
    for (const e of list) {
      const row = e.closest('tr');
      if (row) row.classList.toggle('is-on', e.checked);
    }
    if (all) all.hidden = !list.length || n === list.length;
  };
  addEventListener('change', (event) => { if (event.target.form === form) show(); });
  if (all) all.addEventListener('click', () => { for (const e of ticks()) e.checked = true; show(); });
  addEventListener('pageshow', show);
  show();
}
