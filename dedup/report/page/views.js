// Opening and closing of clusters and campaigns.

/**
 * The embedded representative, and of the other texts the one most like it.
 * @type {(data: Cluster, texts: Texts, id: string) => [number, number]}
 */
const defaults = ({ ids, similarity }, texts, id) => {
  const like = (/** @type {number} */ t) => similarity[texts.members[t]] ?? -1;
  const all = texts.members.map((_, t) => t).sort((x, y) => like(y) - like(x) || x - y);
  const first = all.find((t) => ids[texts.members[t]] === id) ?? all[0] ?? 0;
  return [first, all.find((t) => t !== first) ?? first];
};

/** The way back and to the neighbours in the table. @type {(k: number) => HTMLElement} */
const drawWays = (k) => {
  const at = state.order.indexOf(k);
  /** @type {(by: number, name: string, arrow: string) => HTMLElement | null} */
  const way = (by, name, arrow) => {
    const to = at < 0 ? undefined : state.order[at + by];
    if (to === undefined) return null;
    const words = `${name} cluster of the table`;
    return make('a', { class: 'quiet', href: clusterAddress(to), 'aria-label': words, text: `${arrow} ${name}` });
  };
  const back = make('a', { class: 'quiet', href: '#clusters', data: { testid: 'close' }, text: '← All clusters' });
  return make('nav', { 'aria-label': 'Clusters' },
    back, span('grow', ''), way(-1, 'Previous', '↑'), way(1, 'Next', '↓'));
};

/** The head of a cluster: ways, title, figures. @type {(view: View) => HTMLElement} */
const drawHead = (view) => {
  const { k } = view;
  const { size, similarity, label: ids } = state.summary.clusters;
  const sampled = sampleWords(view);
  return make('header', { class: 'head' }, drawWays(k),
    make('h1', { tabindex: -1 }, quote(titleOf(k) || 'Untitled'), ' ', span('badge', plural(size[k], 'article'))),
    make('p', { class: 'muted' },
      `Cluster ${count(k + 1)} · mean similarity to its representative ${ratio(similarity[k])} · that is `,
      quote(ids[k], { class: 'mono' }),
      ...campaignLink(k), sampled ? ` · ${sampled[0].toLowerCase()}${sampled.slice(1)}` : ''));
};

/**
 * Buttons that scroll to the parts of a cluster; addresses are kept for whole clusters.
 * @type {(place: HTMLElement) => HTMLElement}
 */
const drawJumps = (place) => {
  const buttons = [...place.querySelectorAll('section')].map((part) => make('button', {
    type: 'button', class: 'jump', text: within(part, 'h2').textContent,
    on: { click: () => part.scrollIntoView({ behavior: glide() }) } }));
  return make('nav', { class: 'jumps', 'aria-label': 'Parts of this cluster' }, ...buttons);
};

/** Draws a cluster into the page. @type {(k: number, data: Cluster) => void} */
const drawCluster = (k, data) => {
  const texts = unpack(data.texts);
  const [first, second] = defaults(data, texts, state.summary.clusters.label[k]);
  const place = new Map(texts.members.map((m, t) => [m, t]));
  const view = /** @type {View} */ (/** @type {Partial<View>} */ ({
    k, data, texts, first, place, choose: () => {}, compareWith: () => {} })); // the list of members brings the rest
  state.open = view;
  delete document.documentElement.dataset.pair;
  const side = make('div', { class: 'stack' }, drawIndicators(data), drawKeywords(data));
  $('cluster').replaceChildren(drawHead(view),
    make('div', { class: 'columns' }, drawTemplate(data.template), side),
    make('div', { class: 'columns even' }, drawMembers(view), drawMatrix(view)),
    drawPair(view));
  within($('cluster'), '.head').append(drawJumps($('cluster')));
  leave();
  delete document.documentElement.dataset.campaign;
  $('overview').hidden = true;
  $('cluster').hidden = false;
  view.showMembers();
  if (texts.members.length > 1) view.choose(first, second);
};

/** Opens cluster number k + 1; a later call wins. @type {(k: number) => Promise<void>} */
const openCluster = async (k) => {
  const turn = state.opening += 1;
  if (!state.open && !state.web) state.scroll = scrollY;
  try {
    const data = await load(`cluster-${k}`);
    if (turn !== state.opening) return;
    drawCluster(k, data);
  } catch (error) {
    if (turn !== state.opening) return;
    showOverview();
    complain(`Cluster ${count(k + 1)} cannot be read from this file (${reason(error)}). Make the report again.`);
    return;
  }
  scrollTo({ top: 0, behavior: 'instant' });
  within($('cluster'), 'h1').focus({ preventScroll: true });
  document.title = `${titleOf(k) || `Cluster ${k + 1}`} – ${state.summary.title}`;
  document.documentElement.dataset.cluster = String(k + 1);
};

/** Back to the table, at the row that had been opened. */
const showOverview = () => {
  state.opening += 1;
  const left = state.open;
  const away = left || state.web;
  state.open = null;
  leave();
  for (const name of ['cluster', 'campaign']) $(name).replaceChildren();
  $('overview').hidden = false;
  document.title = state.summary.title;
  delete document.documentElement.dataset.cluster;
  delete document.documentElement.dataset.pair;
  delete document.documentElement.dataset.campaign;
  drawCharts();
  if (!away) return;
  scrollTo({ top: state.scroll, behavior: 'instant' });
  state.rows.update();
  if (!left) return;
  const row = state.order.indexOf(left.k);
  if (row >= 0) state.rows.focus(row);
};

/** What a part of an address says; as it stands where that is malformed. @type {(part: string) => string} */
const decoded = (part) => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** Shows what the address asks for. */
const route = () => {
  complain('');
  const match = /^#(cluster|campaign)-(.+)$/u.exec(location.hash);
  const what = match ? match[1] : 'cluster';
  const names = what === 'cluster' ? state.summary.clusters.name : campaignNames();
  const name = match ? decoded(match[2]) : '';
  const k = match ? placeOf(names, name) : -1;
  if (k >= 0 && k < names.length) { (what === 'cluster' ? openCluster : openCampaign)(k); return; }
  showOverview();
  if (match) complain(`There is no ${what} ${isolate(name)}; this report has ${plural(names.length, what)}.`);
};
