// Keys, printing, and where it all starts.

/** Paints the heat map again: it takes its colours from the style sheet. */
const repaint = () => { if (state.open?.map) paintMatrix(state.open.map); };

/** Keys for the whole page: / to search, Escape to clear or close. @type {(event: KeyboardEvent) => void} */
const keys = (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = around(event, 'input, select, textarea');
  if (event.key === '/' && !typing) {
    event.preventDefault();
    document.getElementById(state.open ? 'filter' : 'search')?.focus();
  }
  if (event.key !== 'Escape') return;
  const details = around(event, 'details[open]');
  if (typing instanceof HTMLInputElement && typing.type === 'search' && typing.value) {
    typing.value = '';
    typing.dispatchEvent(new Event('input'));
    event.preventDefault();
  } else if (details) details.removeAttribute('open');
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

/** Prints all rows, not only those in sight. @type {(whole: boolean) => void} */
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
  for (const button of sorters()) {
    button.addEventListener('click', () => sortBy(/** @type {Column} */ (button.dataset.sort)));
  }
  $('table').tBodies[0].addEventListener('click', (event) => {
    const row = around(event, '[data-number]');
    if (!row || around(event, 'a') || getSelection()?.toString()) return;
    location.hash = clusterAddress(Number(row.dataset.number) - 1);
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

/** Reads the summary, draws it, and goes where the address points. */
const start = async () => {
  prepare(repaint);
  if (!canUnpack()) return;
  try {
    state.summary = await load('summary');
    drawOverview();
  } catch (error) {
    complain(`The data of this report cannot be read (${reason(error)}). `
      + 'The file may be cut short; make the report again.');
    return;
  }
  history.scrollRestoration = 'manual';
  listen();
  document.documentElement.dataset.ready = 'true';
  if (location.hash) route();
};

start();
