// Theme, keys, printing, and where it all starts.

const THEMES = { auto: 'as the system', light: 'light', dark: 'dark' };

/** The theme kept from last time; plain files may have no storage. */
const stored = (value) => {
  try {
    if (value) localStorage.setItem('dedup-theme', value);
    return localStorage.getItem('dedup-theme');
  } catch {
    return null;
  }
};

/** Paints the heat map again: it takes its colours from the style sheet. */
const repaint = () => { if (state.open?.map) paintMatrix(state.open.map); };

/** Switches colours. */
const setTheme = (name) => {
  const theme = name in THEMES ? name : 'auto';
  document.documentElement.dataset.theme = theme;
  $('theme').textContent = theme[0].toUpperCase() + theme.slice(1);
  $('theme').setAttribute('aria-label', `Colour theme: ${THEMES[theme]}`);
  repaint();
};

/** Keys for the whole page: / to search, Escape to clear or close. */
const keys = (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  const typing = target.matches('input, select, textarea');
  if (event.key === '/' && !typing) {
    event.preventDefault();
    (state.open ? $('filter') : $('search'))?.focus();
  }
  if (event.key !== 'Escape') return;
  if (target.matches('input') && target.value) {
    target.value = '';
    target.dispatchEvent(new Event('input'));
    event.preventDefault();
  } else if (target.closest('details[open]')) target.closest('details').open = false;
  else if (state.open || state.web) location.hash = '#clusters';
};

/** What depends on the width of the window. */
const fit = () => {
  drawCharts();
  state.rows.update();
  state.open?.rows.update();
  state.web?.();
  repaint();
};

/** Prints all rows, not only those in sight. */
const printing = (whole) => {
  for (const rows of [state.rows, state.open?.rows]) {
    if (!rows) continue;
    rows.whole = whole;
    rows.update();
  }
};

/** Connects the page with its events. */
const listen = () => {
  $('search').addEventListener('input', list);
  $('search').addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
    event.preventDefault();
    state.rows.focus(0);
  });
  for (const button of document.querySelectorAll('[data-sort]')) {
    button.addEventListener('click', () => sortBy(button.dataset.sort));
  }
  $('table').tBodies[0].addEventListener('click', (event) => {
    const row = event.target.closest('[data-number]');
    if (!row || event.target.closest('a') || getSelection().toString()) return;
    location.hash = `#cluster-${row.dataset.number}`;
  });
  tipsOf($('histogram'));
  tipsOf($('sizes'));
  addEventListener('hashchange', route);
  addEventListener('keydown', keys);
  addEventListener('resize', fit);
  addEventListener('beforeprint', () => printing(true));
  addEventListener('afterprint', () => printing(false));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
};

/** Connects what works without data. */
const prepare = () => {
  setTheme(stored() ?? 'auto');
  $('theme').addEventListener('click', () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length];
    stored(next);
    setTheme(next);
  });
  document.querySelector('.skip').addEventListener('click', (event) => {
    event.preventDefault();
    $('main').focus();
  });
};

/** Reads the summary, draws it, and goes where the address points. */
const start = async () => {
  prepare();
  if (typeof DecompressionStream === 'undefined') {
    complain('This browser cannot unpack the data of the report. '
      + 'Chrome or Edge 80, Firefox 113 and Safari 16.4 or newer can.');
    return;
  }
  try {
    state.summary = await load('summary');
    drawOverview();
  } catch (error) {
    complain(`The data of this report cannot be read (${error.message}). `
      + 'The file may be cut short; make the report again.');
    return;
  }
  history.scrollRestoration = 'manual';
  listen();
  document.documentElement.dataset.ready = 'true';
  if (location.hash) route();
};

start();
