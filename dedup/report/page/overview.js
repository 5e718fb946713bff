// The summary and the table of clusters.

/** The summary and the rows are there once it is drawn, and nothing asks for them before. */
const state = /** @type {State} */ (/** @type {Partial<State>} */ ({
  order: [], sort: 'number', up: true, hay: null, opening: 0, scroll: 0, drawn: 0, open: null, web: null }));
const collator = new Intl.Collator(['zh', 'en'], { numeric: true });

/** One figure with its name and what it means. @type {(name: string, value: string, words: string) => HTMLElement} */
const figure = (name, value, words) => make('div', {},
  make('dt', { text: name }), make('dd', {}, make('b', { text: value }), span('muted', words)));

/** The figures on top. @type {(summary: Summary) => void} */
const drawFigures = ({ articles, clustered, clusters, threshold }) => {
  const removable = clustered - clusters.size.length;
  const part = (/** @type {number} */ n) => percent(articles ? n / articles : 0);
  $('figures').replaceChildren(
    figure('Articles', count(articles), 'in all'),
    figure('Clusters', count(clusters.size.length), `of two or more, similar from ${threshold} up`),
    figure('Articles in clusters', count(clustered), `${part(clustered)} of all articles`),
    figure('Duplicate share', part(removable),
      `${plural(removable, 'article')} could go while one of each cluster stays`),
  );
};

/** A row of the table of frames. @type {(frame: Frame) => HTMLElement} */
const frameRow = ([passage, holders, alike]) => make('tr', {},
  make('td', { class: 'held', text: count(holders) }),
  make('td', { class: 'held', text: ratio(alike) }),
  make('td', {}, quote(passage, { class: 'wrap' })));

/** The frames that were left out of all texts, behind one line that says how many. @type {(frames: Frames) => void} */
const drawFrames = ({ count: every, articles, share, rows }) => {
  $('frames').hidden = !every;
  if (!every) return;
  const heads = ['Held by', 'Alike elsewhere', 'Passage'].map((text) => make('th', { scope: 'col', text }));
  const table = make('table', { class: 'facts' }, make('thead', {}, make('tr', {}, ...heads)),
    make('tbody', {}, ...rows.map(frameRow)));
  const most = rows.length < every ? ` The ${count(rows.length)} that most hold:` : '';
  $('frames').replaceChildren(
    make('summary', {}, make('h2', { id: 'frames-title', text: 'Frames' }), span('muted',
      `${plural(every, 'passage')} in ${plural(articles, 'article')}, ${percent(share)} of the text, not counted`)),
    remark('What many articles share that have nothing else in common, such as a footer, says where they come from, not '
      + `what they say. It is left out of every text before anything is compared.${most}`),
    make('div', { class: 'tall', tabindex: 0, role: 'region', 'aria-label': 'Table of frames' }, table));
};

/**
 * Values of indicators in one line, with how many of the texts that were searched hold them.
 * @type {(rows: Held[], of: number) => Child[]}
 */
const heldLine = (rows, of) => rows.flatMap(([kind, value, n]) => [
  span('kind', kind), ' ', quote(value), span('muted', ` ${count(n)} of ${count(of)} `)]);

/**
 * An address that lasts from run to run: the name of a cluster or campaign is the id of its first article. Of several
 * with one name only the first is called so, the others by their places.
 * @type {(what: string, names: string[], k: number) => string}
 */
const address = (what, names, k) =>
  `#${what}-${encodeURIComponent(names.indexOf(names[k]) === k ? names[k] : `#${k + 1}`)}`;

/** Which one a name means, or a place, 1 or #1, that no name is; -1 is none. @type {(names: string[], name: string) => number} */
const placeOf = (names, name) => {
  const place = /^#?(\d+)$/u.exec(name);
  const k = names.indexOf(name);
  return k < 0 && place ? Number(place[1]) - 1 : k;
};

/** The address of a cluster. @type {(k: number) => string} */
const clusterAddress = (k) => address('cluster', state.summary.clusters.name, k);

/** The names of the campaigns. @type {() => string[]} */
const campaignNames = () => state.summary.campaigns.rows.map(({ label: name }) => name);

/** The address of a campaign. @type {(k: number) => string} */
const campaignAddress = (k) => address('campaign', campaignNames(), k);

/** What a campaign consists of, in words. @type {(row: { clusters: number, alone: number }) => string} */
const partWords = ({ clusters, alone }) => plural(clusters, 'cluster') + (alone ? ` and ${plural(alone, 'lone article')}` : '');

/** A row of the table of campaigns. @type {(row: CampaignRow, k: number) => HTMLElement} */
const campaignRow = ({ articles, clusters, alone, label: id, title, indicators, searched }, k) => make('tr', {
  data: { testid: 'campaign-row', campaign: k + 1 } },
make('td', { class: 'number', text: count(articles) }),
make('td', { class: 'number', text: count(clusters) }),
make('td', { class: 'number', text: count(alone) }),
make('td', { class: 'wrap' }, make('a', { href: campaignAddress(k) }, quote(id, { class: 'mono' })), ' ',
  quote(title, { class: 'muted' })),
make('td', { class: 'wrap' }, ...heldLine(indicators, searched)));

/** The heads of a plain table, and its rows. @type {(heads: string[], rows: HTMLElement[]) => HTMLElement} */
const facts = (heads, rows) => make('table', { class: 'facts told' },
  make('thead', {}, make('tr', {}, ...heads.map((text) => make('th', { scope: 'col', text })))),
  make('tbody', {}, ...rows));

/** A box that scrolls where its table is long. @type {(name: string, table: HTMLElement) => HTMLElement} */
const boxed = (name, table) => make('div', { class: 'tall', tabindex: 0, role: 'region', 'aria-label': name }, table);

/** The campaigns of several clusters, above the clusters. @type {(campaigns: Campaigns) => void} */
const drawCampaigns = ({ count: every, rows }) => {
  $('campaigns').hidden = !every;
  if (!every) return;
  const most = rows.length < every ? ` The ${count(rows.length)} largest of ${count(every)}:` : '';
  $('campaigns').replaceChildren(
    make('h2', { id: 'campaigns-title', text: 'Campaigns' }),
    remark(`${plural(every, 'campaign')} of several clusters or lone articles that one operator made, by what names him `
      + `and by what they share.${most}`),
    boxed('Table of campaigns',
      facts(['Articles', 'Clusters', 'Alone', 'Represented by', 'Indicators'], rows.map(campaignRow))));
  within($('campaigns'), 'tbody').addEventListener('click', (event) => {
    const row = around(event, '[data-campaign]');
    if (!row || around(event, 'a') || getSelection()?.toString()) return;
    location.hash = campaignAddress(Number(row.dataset.campaign) - 1);
  });
};

/** What is shown for the title of a cluster. @type {(k: number) => string} */
const titleOf = (k) => state.summary.clusters.title[k].trim();

/** Values of indicators in one line. @type {(rows: Held[]) => Child[]} */
const indicatorLine = (rows) => rows.flatMap(([kind, value]) => [span('kind', kind), ' ', quote(value), ' ']);

/** The link that opens a cluster. @type {(k: number) => HTMLElement} */
const clusterLink = (k) => {
  const { label: ids } = state.summary.clusters;
  const title = titleOf(k);
  const words = title ? [quote(title)] : [span('muted', 'untitled, '), quote(ids[k], { class: 'mono' })];
  return make('a', { class: 'stop', href: clusterAddress(k), tabindex: -1 }, ...words);
};

/** A row of the table of clusters. @type {(i: number) => HTMLElement} */
const clusterRow = (i) => {
  const k = state.order[i];
  const { size, similarity, keywords, indicators } = state.summary.clusters;
  return make('tr', { data: { testid: 'cluster-row', number: k + 1 } },
    make('td', { class: 'c-number muted', text: count(k + 1) }),
    make('td', { class: 'c-size', text: count(size[k]) }),
    make('td', { class: 'c-similarity' }, bar(similarity[k]), ratio(similarity[k])),
    make('td', { class: 'c-title', title: titleOf(k) }, clusterLink(k), quote(keywords[k].join(' · '), { class: 'under muted' })),
    make('td', { class: 'c-keywords' }, ...keywords[k].flatMap((word, n) => [n ? ' · ' : null, quote(word)])),
    make('td', { class: 'c-indicators' }, ...indicatorLine(indicators[k])));
};

/** Text as it is searched. @type {(text: string) => string} */
const plain = (text) => text.normalize('NFKC').toLowerCase();

/** What can be found of every cluster, made at the first search. @type {(clusters: Clusters) => string[]} */
const haystack = ({ title, label, keywords, indicators, search }) => title.map((text, k) =>
  plain([text, label[k], search[k], ...keywords[k], ...indicators[k].flatMap(([kind, value]) => [kind, value])].join('\n')));

/**
 * Compares two clusters by the chosen column, number by number where that is equal.
 * @type {() => (a: number, b: number) => number}
 */
const comparer = () => {
  const { size, similarity } = state.summary.clusters;
  const sign = state.up ? 1 : -1;
  /** @type {Record<Column, (a: number, b: number) => number>} */
  const columns = {
    number: (a, b) => sign * (a - b),
    size: (a, b) => sign * (size[a] - size[b]),
    similarity: (a, b) => sign * (similarity[a] - similarity[b]),
    title: (a, b) => Number(!titleOf(a)) - Number(!titleOf(b)) || sign * collator.compare(titleOf(a), titleOf(b)),
  };
  return (a, b) => columns[state.sort](a, b) || a - b;
};

/** Says how many clusters are shown. @type {(found: number, all: number, searched: boolean) => void} */
const sayHits = (found, all, searched) => {
  $('hits').textContent = searched ? `${count(found)} of ${plural(all, 'cluster')}` : plural(all, 'cluster');
  $('nothing').hidden = found > 0;
  $('nothing').textContent = searched ? 'No cluster matches. All words must occur; fewer words find more.'
    : 'This run found no clusters.';
};

/** Finds, sorts and shows clusters. */
const list = () => {
  const { clusters } = state.summary;
  const words = plain($('search').value).split(/\s+/u).filter(Boolean);
  const hay = words.length ? state.hay ??= haystack(clusters) : [];
  const fits = (/** @type {number} */ k) => words.every((word) => hay[k].includes(word));
  state.order = clusters.size.map((_, k) => k).filter(fits).sort(comparer());
  sayHits(state.order.length, clusters.size.length, words.length > 0);
  state.rows.current = 0;
  state.rows.show(state.order.length);
};

/** The buttons in the head of the table. @type {() => NodeListOf<HTMLElement>} */
const sorters = () => document.querySelectorAll('[data-sort]');

/** Shows by which column the table is sorted. */
const markSort = () => {
  for (const button of sorters()) {
    const here = button.dataset.sort === state.sort;
    button.closest('th')?.setAttribute('aria-sort', here ? (state.up ? 'ascending' : 'descending') : 'none');
  }
};

/** Sorts by a column; once more turns it round. Numbers begin with the greatest. @type {(column: Column) => void} */
const sortBy = (column) => {
  state.up = state.sort === column ? !state.up : column === 'number' || column === 'title';
  state.sort = column;
  markSort();
  list();
};

/** Draws the pictures in the width they have. */
const drawCharts = () => {
  const place = $('histogram');
  if (!place.clientWidth || state.drawn === place.clientWidth) return;
  state.drawn = place.clientWidth;
  drawHistogram(place, state.summary);
  drawSizes($('sizes'), sizeBins(state.summary.clusters.size));
};

/** Draws the summary. */
const drawOverview = () => {
  const { summary } = state;
  $('name').textContent = summary.title;
  $('meta').textContent = `version ${summary.version} · ${summary.created}`;
  $('overview').hidden = false;
  drawFigures(summary);
  drawScale($('scale'), summary);
  drawFrames(summary.frames);
  drawCampaigns(summary.campaigns);
  state.rows = new Rows($('table').tBodies[0], null, clusterRow);
  markSort();
  drawCharts();
  list();
};
