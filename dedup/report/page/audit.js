// The page of an audit: pairs to be marked one after the other, marks that are kept, and the file that they are saved in.

/** @type {Record<string, string>} */
const MEANINGS = { y: 'belong together', n: 'do not belong together', '?': 'cannot tell', ' ': 'not marked' };

const marking = /** @type {Marking} */ (/** @type {Partial<Marking>} */ ({
  said: [], at: 0, opening: 0, kept: true })); // the data bring the rest

/**
 * The marks kept from last time, a letter a pair; plain files may have no storage.
 * @type {(value?: string) => string}
 */
const kept = (value) => {
  try {
    const name = `dedup-audit-${marking.summary.key}`;
    if (value !== undefined) localStorage.setItem(name, value);
    return localStorage.getItem(name) ?? '';
  } catch {
    marking.kept = false;
    return '';
  }
};

/** How many pairs have a mark. */
const marked = () => marking.said.filter((mark) => mark !== ' ').length;

/** What stands in the head: how far it is, and where the marks are. */
const tellProgress = () => {
  const where = marking.kept ? 'kept in this browser until you save them' : 'this browser keeps nothing: save before you leave';
  $('meta').textContent = `${count(marked())} of ${plural(marking.said.length, 'pair')} marked, ${where}`;
};

/** Shows the mark of a pair in the strip, and on the buttons where it is the open one. @type {(k: number) => void} */
const showMark = (k) => {
  const mark = marking.said[k];
  const item = /** @type {HTMLElement} */ ($('strip').children[k].firstElementChild);
  dress(item, { data: { said: mark }, 'aria-label': `Pair ${k + 1}: ${MEANINGS[mark]}` });
  if (k !== marking.at) return;
  for (const button of judges()) button.setAttribute('aria-pressed', String(button.dataset.mark === mark));
};

/** The buttons that mark. @type {() => HTMLElement[]} */
const judges = () => [...document.querySelectorAll('[data-mark]')].map((node) => /** @type {HTMLElement} */ (node));

/** Opens a pair. @type {(k: number) => Promise<void>} */
const openPair = async (k) => {
  const { summary: { rows }, parts, at } = marking;
  const turn = marking.opening += 1;
  $('strip').children[at].firstElementChild?.removeAttribute('aria-current');
  $('strip').children[k].firstElementChild?.setAttribute('aria-current', 'true');
  marking.at = k;
  showMark(k);
  $('heading').textContent = `Pair ${count(k + 1)} of ${count(rows.length)}`;
  let texts;
  try {
    texts = unpack(await load(`pair-${k}`));
  } catch (error) {
    complain(`Pair ${k + 1} cannot be read (${reason(error)}). Make the page again.`);
    return;
  }
  if (turn !== marking.opening) return; // another one was opened meanwhile
  showSides(confront(texts, 0, 1), texts, [0, 1], parts);
  parts.panes.forEach((pane, i) => { within(/** @type {Element} */ (pane.parentElement), 'bdi').textContent = rows[k][i]; });
  document.documentElement.dataset.pair = String(k + 1);
};

/** Goes so many pairs on or back. @type {(by: number) => void} */
const turnTo = (by) => {
  const next = marking.at + by;
  if (next >= 0 && next < marking.said.length) openPair(next);
};

/** The next pair without a mark, or the open one. */
const nextOpen = () => {
  const places = marking.said.map((_, i) => (marking.at + 1 + i) % marking.said.length);
  return places.find((k) => marking.said[k] === ' ') ?? marking.at;
};

/** Marks the open pair, or takes its mark back where it has it, and goes on. @type {(mark: string) => void} */
const judge = (mark) => {
  const { at, said } = marking;
  const again = said[at] === mark;
  said[at] = again ? ' ' : mark;
  showMark(at);
  kept(said.join(''));
  tellProgress();
  say(`Pair ${at + 1}: ${MEANINGS[said[at]]}; ${marked()} of ${said.length} marked`);
  if (!again) openPair(nextOpen());
};

/** A cell of CSV. @type {(text: string) => string} */
const cell = (text) => (/[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The pairs with their marks as CSV; with a byte order mark, without which Excel shows no Chinese. */
const asCsv = () => {
  const { summary: { columns, rows }, said } = marking;
  const lines = [columns, ...rows.map((row, k) => [...row.slice(0, -1), said[k].trim()])];
  return `\ufeff${lines.map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`;
};

/** Gives the marks as a file. */
const saveMarks = () => {
  const address = URL.createObjectURL(new Blob([asCsv()], { type: 'text/csv' }));
  make('a', { href: address, download: 'marks.csv' }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  say('Saved as marks.csv');
};

/** Keys for the whole page. @type {(event: KeyboardEvent) => void} */
const auditKeys = (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === 'arrowright') turnTo(1);
  else if (key === 'arrowleft') turnTo(-1);
  else if (key === 'y' || key === 'n') judge(key);
  else if (key === 'u') judge('?');
  else if (key === 's') saveMarks();
};

/** A text with its id above it. @type {(pane: HTMLElement) => HTMLElement} */
const titled = (pane) => make('div', { class: 'side' }, make('p', { class: 'muted mono wrap' }, make('bdi')), pane);

/** Draws what does not change. */
const drawMarking = () => {
  const { summary, parts } = marking;
  $('name').textContent = summary.title;
  $('sides').replaceChildren(parts.key, make('div', { class: 'panes' }, ...parts.panes.map(titled)),
    make('h3', { text: 'Passages by weight' }), parts.items);
  linkPassages($('sides'), parts.panes);
  $('strip').replaceChildren(...summary.rows.map((_, k) => make('li', {},
    make('button', { type: 'button', text: `${k + 1}`, on: { click: () => { openPair(k); } } }))));
  for (const button of judges()) button.addEventListener('click', () => judge(button.dataset.mark ?? ' '));
  $('back').addEventListener('click', () => turnTo(-1));
  $('on').addEventListener('click', () => turnTo(1));
  $('save').addEventListener('click', saveMarks);
  addEventListener('keydown', auditKeys);
  $('marking').hidden = false;
};

/** Reads the pairs, brings the marks back, and opens the first pair without one. */
const startAudit = async () => {
  prepare(() => {});
  if (!canUnpack()) return;
  try {
    marking.summary = await load('summary');
  } catch (error) {
    complain(`The data of this page cannot be read (${reason(error)}). The file may be cut short; make the page again.`);
    return;
  }
  const { rows } = marking.summary;
  const before = kept();
  marking.said = rows.map((_, k) => (before[k] in MEANINGS ? before[k] : ' '));
  marking.parts = sideParts();
  kept(marking.said.join(''));
  tellProgress();
  document.documentElement.dataset.ready = 'true';
  if (!rows.length) {
    complain('There are no pairs to mark: nothing was joined, and nothing is nearly alike.');
    return;
  }
  drawMarking();
  rows.forEach((_, k) => showMark(k));
  marking.at = rows.length - 1;
  await openPair(nextOpen() === marking.at && marking.said[marking.at] !== ' ' ? 0 : nextOpen());
};

startAudit();
