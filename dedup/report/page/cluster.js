// One cluster: its template, keywords, indicators and members.

/**
 * A titled part of a cluster.
 * @type {(title: string, words: string, testid: string | null, ...children: Child[]) => HTMLElement}
 */
const section = (title, words, testid, ...children) => make('section', { class: 'card', data: testid ? { testid } : null },
  make('h2', { text: title }), words ? remark(words) : null, ...children);

/** How many of the texts hold something. @type {(n: number, of: number) => string} */
const held = (n, of) => `held by ${count(n)} of ${count(of)}`;

/**
 * The known values of a slot, most frequent first.
 * @type {(values: [string, number][], words: string) => HTMLElement}
 */
const slotValues = (values, words) => {
  const most = Math.max(...values.map(([, n]) => n), 1);
  const rows = values.map(([value, n]) => make('li', {}, bar(n / most), span('n', count(n)), quote(value)));
  return make('div', { class: 'values' }, remark(words), make('ul', {}, ...rows));
};

/** A slot of a template: its frequent values, all of the known ones when opened. @type {(part: Slot) => HTMLElement} */
const slot = ({ slot: values, distinct, members }) => {
  const chip = values.slice(0, 2).flatMap(([value, n]) => [
    quote(value.trim() || 'blank', { class: 'value' }), make('small', { text: `×${count(n)}` })]);
  const rest = distinct - Math.min(2, values.length);
  const more = make('small', { class: 'rest', text: `+${count(rest)}` });
  const words = `${plural(distinct, 'value')} in ${plural(members, 'text')}`;
  const part = distinct > values.length ? `, the ${values.length} most frequent:` : ':';
  return make('details', { class: 'slot', data: { testid: 'slot' } },
    make('summary', { title: words }, ...chip, rest > 0 ? more : null),
    slotValues(values, words + part));
};

/** A fixed passage, shaded by how many texts hold it. @type {(part: Fixed, of: number) => HTMLElement} */
const fixed = ({ text, members, frame }, of) => {
  const words = frame ? `${held(members, of)}; in a frame shared by ${plural(frame, 'article')}: not counted` : held(members, of);
  const name = frame ? 'furniture' : `shade-${shade(members / Math.max(1, of))}`;
  return make('span', { class: `fixed ${name}`, title: words, text });
};

/** Explains the template. @type {(parts: (Fixed | Slot)[]) => HTMLElement} */
const templateKey = (parts) => make('p', { class: 'key' },
  make('span', {}, 'fixed text held by few ', ...swatches('shade', STEPS), ' all'),
  make('span', {}, make('i', { class: 'swatch slotkey' }), ' what changes: its frequent values; open one for more'),
  parts.some((part) => 'frame' in part) ? make('span', { data: { testid: 'template-frame-key' } },
    span('furniture', 'frame'), ' many articles beyond this cluster hold it, too: not counted') : null);

/** Fixed passages and slots in reading order. @type {(template: Template) => HTMLElement} */
const drawTemplate = ({ members, distinct, sampled, parts }) => {
  const copies = distinct < members ? ` of ${count(members)} members` : '';
  const words = sampled < distinct ? `Read from a sample: ${count(sampled)} of ${count(distinct)} distinct texts${copies}.`
    : `Read from all ${count(distinct)} ${copies ? 'distinct texts' : 'members'}${copies}.`;
  const pieces = parts.map((part) => ('slot' in part ? slot(part) : fixed(part, sampled)));
  if (!pieces.length) return section('Template', words, 'template', remark('No passage is common to these texts.'));
  const prose = dress(make('div', { class: 'prose' }, ...pieces), { dir: 'auto' }); // before, it costs a look a piece
  return section('Template', words, 'template', templateKey(parts), prose);
};

/** Words that tell this cluster from other articles. @type {(cluster: Cluster) => HTMLElement} */
const drawKeywords = ({ keywords, read }) => {
  const items = keywords.map(([word, n]) =>
    make('li', { title: held(n, read) }, quote(word), make('small', { text: count(n) })));
  const words = `From the beginnings of ${plural(read, 'text')}.`;
  return section('Keywords', words, 'keywords', items.length ? make('ul', { class: 'words' }, ...items) : remark('None.'));
};

/**
 * A row of the table of indicators; a value is text to copy, never a link.
 * @type {(row: Held, of: number) => HTMLElement}
 */
const indicatorRow = ([kind, value, n], of) => {
  const button = make('button', {
    type: 'button', class: 'quiet copy', 'aria-label': `Copy ${kind} ${isolate(value)}`, text: 'Copy' });
  button.addEventListener('click', () => copy(value, button));
  return make('tr', {},
    make('td', {}, span('kind', kind)),
    make('td', { class: 'mono wrap' }, quote(value)),
    make('td', { class: 'held' }, bar(n / Math.max(1, of)), make('span', { text: `${count(n)} of ${count(of)}` })),
    make('td', {}, button));
};

/** Handles, addresses and numbers that members hold. @type {(told: Cluster | Campaign) => HTMLElement} */
const drawIndicators = ({ indicators, searched }) => {
  const heads = ['Kind', 'Value', 'Held by'].map((text) => make('th', { scope: 'col', text }));
  const rows = indicators.map((row) => indicatorRow(row, searched));
  const table = make('table', { class: 'facts' },
    make('thead', {}, make('tr', {}, ...heads, make('td'))), make('tbody', {}, ...rows));
  if (!rows.length) return section('Indicators', '', 'indicators', remark('None found in these texts.'));
  const words = `${plural(rows.length, 'value')} found in ${plural(searched, 'text')}.`;
  const box = make('div', { class: 'tall', tabindex: 0, role: 'region', 'aria-label': 'Table of indicators' }, table);
  return section('Indicators', words, 'indicators', box);
};

/** The id of a member; it opens the text where the page has it. @type {(view: View, m: number) => HTMLElement} */
const memberName = (view, m) => {
  const t = view.place.get(m);
  const id = quote(view.data.ids[m]);
  if (t === undefined) return make('span', { class: 'stop mono', tabindex: -1 }, id);
  return make('button', {
    type: 'button', class: 'stop mono link', title: 'Show beside the left text',
    on: { click: () => view.compareWith(t) } }, id);
};

/** A row of the list of members. @type {(view: View, m: number) => HTMLElement} */
const memberRow = (view, m) => {
  const value = view.data.similarity[m];
  const title = value === null ? 'not compared with the representative' : null;
  return make('tr', { class: view.place.has(m) ? 'open' : null },
    make('td', { class: 'm-id' }, memberName(view, m)),
    make('td', { class: 'c-similarity', title }, bar(value ?? 0), ratio(value)),
    make('td', { class: 'm-title' }, quote(view.data.titles[m])));
};

/** Says how many texts of the members are in the page, if not all. @type {(view: View) => string} */
const sampleWords = ({ texts, data }) => {
  const [some, all] = [texts.members.length, data.ids.length];
  return some < all ? `Texts of ${count(some)} of ${count(all)} members are in this page` : '';
};

/** The empty table of members. @type {(body: HTMLElement) => HTMLElement} */
const memberTable = (body) => {
  const heads = [['Id', 'm-id'], ['Similarity', 'c-similarity'], ['Title', 'm-title']]
    .map(([text, name]) => make('th', { scope: 'col', class: name, text }));
  const head = make('thead', {}, make('tr', { 'aria-rowindex': 1 }, ...heads));
  const table = make('table', { class: 'rows', 'aria-label': 'Members' }, head, body);
  return make('div', { class: 'scroll members' }, table);
};

/** The list of all members, with a filter. @type {(view: View) => HTMLElement} */
const drawMembers = (view) => {
  const { ids, titles } = view.data;
  const body = make('tbody');
  const scroller = memberTable(body);
  const hits = make('span', { class: 'muted', 'aria-live': 'polite' });
  const input = make('input', {
    type: 'search', id: 'filter', autocomplete: 'off', spellcheck: 'false', placeholder: 'Filter id or title' });
  const only = make('input', { type: 'checkbox' });
  /** @type {number[]} */
  let shown = [];
  view.rows = new Rows(body, scroller, (i) => memberRow(view, shown[i]));
  view.showMembers = () => {
    const words = plain(input.value).split(/\s+/u).filter(Boolean);
    const fits = (/** @type {number} */ m) => words.every((word) => plain(`${ids[m]}\n${titles[m]}`).includes(word));
    shown = ids.map((_, m) => m).filter((m) => (!only.checked || view.place.has(m)) && fits(m));
    hits.textContent = shown.length < ids.length ? `${count(shown.length)} of ${count(ids.length)}` : '';
    scroller.scrollTop = 0;
    view.rows.show(shown.length);
  };
  input.addEventListener('input', view.showMembers);
  only.addEventListener('change', view.showMembers);
  const sampled = sampleWords(view);
  const words = sampled ? `${sampled}; their ids open them side by side.` : 'An id opens its text side by side.';
  const name = make('label', { class: 'unseen', for: 'filter', text: 'Filter members by id or title' });
  return section('Members', `Similarity to the representative. ${words}`, 'members',
    make('div', { class: 'tools' }, make('div', { class: 'field' }, name, input),
      sampled ? make('label', { class: 'check' }, only, ' with text') : null, hits), scroller);
};
