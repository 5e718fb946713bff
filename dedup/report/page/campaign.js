// One campaign.

/**
 * Places of nodes that hold together what is tied: springs and repulsion, the same every time.
 * @type {(n: number, ties: [number, number, ...unknown[]][], width: number, height: number) => [number[], number[]]}
 */
const settle = (n, ties, width, height) => {
  const [x, y] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i += 1) {
    const [turn, far] = [i * 2.399963, Math.sqrt((i + 0.5) / n)]; // as the seeds of a sunflower lie
    x[i] = far * Math.cos(turn);
    y[i] = far * Math.sin(turn);
  }
  const ideal = 1.6 / Math.sqrt(Math.max(1, n));
  for (let heat = 0.1; heat > 0.001; heat *= 0.985) {
    const [dx, dy] = [new Float64Array(n), new Float64Array(n)];
    /** @type {(i: number, j: number, force: (far: number) => number) => void} */
    const pull = (i, j, force) => {
      const [a, b] = [x[i] - x[j], y[i] - y[j]];
      const far = Math.max(0.01, Math.hypot(a, b));
      const by = force(far) / far;
      dx[i] -= a * by; dy[i] -= b * by; dx[j] += a * by; dy[j] += b * by;
    };
    for (let i = 0; i < n; i += 1) {
      pull(i, i, () => 0);
      for (let j = 0; j < i; j += 1) pull(i, j, (far) => -ideal * ideal / far);
      dx[i] -= x[i] * ideal; // towards the middle, so that what is not tied stays in sight
      dy[i] -= y[i] * ideal;
    }
    for (const [i, j] of ties) pull(i, j, (far) => (far * far) / ideal);
    for (let i = 0; i < n; i += 1) {
      const far = Math.max(1e-9, Math.hypot(dx[i], dy[i]));
      x[i] += (dx[i] / far) * Math.min(far, heat);
      y[i] += (dy[i] / far) * Math.min(far, heat);
    }
  }
  /** @type {(values: Float64Array, size: number, margin: number) => number[]} */
  const spread = (values, size, margin) => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const scale = most > least ? (size - 2 * margin) / (most - least) : 0;
    return Array.from(values, (value) => (scale ? margin + (value - least) * scale : size / 2));
  };
  return [spread(x, width, Math.min(72, width / 6)), spread(y, height, 36)];
};

/**
 * A cluster or lone article in the picture: a circle whose area grows with its size, which opens it.
 * @type {(node: WebNode, x: number, y: number, most: number, room: number) => SVGElement}
 */
const webPart = ([id, size, number], x, y, most, room) => {
  const radius = 4 + room * Math.sqrt(size / most);
  const words = number < 0 ? `lone article ${isolate(id)}`
    : `cluster ${count(number + 1)}: ${plural(size, 'article')}, represented by ${isolate(id)}`;
  const circle = draw('circle', { class: number < 0 ? 'part alone' : 'part', cx: x, cy: y, r: radius });
  const props = { data: { tip: words, testid: 'web-part' } };
  if (number < 0) return draw('g', props, circle);
  return draw('a', { ...props, href: clusterAddress(number), 'aria-label': words }, circle,
    draw('text', { x, y: y - radius - 3, 'text-anchor': 'middle', text: `#${count(number + 1)}` }));
};

/** A name in the picture: a small square. @type {(name: WebName, x: number, y: number) => SVGElement} */
const webName = ([kind, value, inside, outside], x, y) => draw('g', {
  data: { tip: `${kind} ${isolate(value)}: held by ${count(inside)} texts inside, ${count(outside)} outside`, testid: 'web-name' } },
draw('rect', { class: 'naming', x: x - 5, y: y - 5, width: 10, height: 10 }),
draw('rect', { class: 'catch', x: x - 9, y: y - 9, width: 18, height: 18 }),
draw('text', { x, y: y + 17, 'text-anchor': 'middle', text: isolate(value.length > 22 ? `${value.slice(0, 21)}…` : value) }));

/**
 * A line in the picture, with a wider one to point at.
 * @type {(name: string, ends: Props, width: number, props: Props) => SVGElement}
 */
const webLine = (name, ends, width, props) => draw('g', props,
  draw('line', { ...ends, class: name, 'stroke-width': width }), draw('line', { ...ends, class: 'reach' }));

/**
 * What links what: clusters and lone articles as circles, links as lines, names as squares between their holders.
 * @type {(place: HTMLElement, web: Web) => void}
 */
const drawWeb = (place, { nodes, names, links }) => {
  const width = clamp(place.clientWidth || 640, 280, 1200);
  const height = clamp(Math.round(width * 0.6), 260, 480);
  /** @type {[number, number][]} */
  const holds = names.flatMap(([, , , , held], k) => held.map((i) => [nodes.length + k, i]));
  const [x, y] = settle(nodes.length + names.length, [...links, ...holds], width, height);
  const ends = (/** @type {number} */ i, /** @type {number} */ j) => ({ x1: x[i], y1: y[i], x2: x[j], y2: y[j] });
  const most = Math.max(...nodes.map(([, size]) => size), 1);
  const room = clamp((0.06 * width) / Math.sqrt(nodes.length), 5, 18);
  const words = `${plural(nodes.length, 'cluster or lone article', 'clusters and lone articles')}, `
    + `${plural(links.length, 'link')} and ${plural(names.length, 'name')}. The table of links says the same in words.`;
  place.replaceChildren(draw('svg', { viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': words },
    ...holds.map(([i, j]) => draw('line', { ...ends(i, j), class: 'hold' })),
    ...links.map(([i, j, strength, why]) => webLine('tie', ends(i, j), 1 + 5 * clamp(strength, 0, 1),
      { data: { tip: `strength ${ratio(strength)}: ${why}`, testid: 'web-link' } })),
    ...nodes.map((node, i) => webPart(node, x[i], y[i], most, room)),
    ...names.map((name, k) => webName(name, x[nodes.length + k], y[nodes.length + k]))));
};

/** The picture with its legend. @type {(campaign: Campaign) => [HTMLElement, () => void]} */
const drawGraph = ({ graph }) => {
  const place = tipsOf(make('div', { class: 'web', data: { testid: 'web' } }));
  const cut = graph.nodes.length < graph.parts
    ? `The largest ${count(graph.nodes.length)} of ${count(graph.parts)} clusters and lone articles are drawn. ` : '';
  const key = make('p', { class: 'key' },
    make('span', {}, make('i', { class: 'swatch part' }), ' cluster, by its size'),
    make('span', {}, make('i', { class: 'swatch part alone' }), ' lone article'),
    make('span', {}, make('i', { class: 'swatch naming' }), ' name or address that several hold'),
    make('span', {}, 'lines: links, the wider the stronger'));
  return [section('What links what', `${cut}Point at a line to see why.`, 'graph', key, place), () => drawWeb(place, graph)];
};

/** The clusters and lone articles of a campaign. @type {(campaign: Campaign) => HTMLElement} */
const drawConsists = ({ clusters, lone, alone }) => {
  const { size, similarity, indicators } = state.summary.clusters;
  const rows = clusters.map((k) => make('tr', { data: { testid: 'campaign-cluster' } },
    make('td', { class: 'number', text: `#${count(k + 1)}` }),
    make('td', { class: 'number', text: count(size[k]) }),
    make('td', { class: 'number', text: ratio(similarity[k]) }),
    make('td', { class: 'wrap' }, dress(clusterLink(k), { tabindex: 0 })),
    make('td', { class: 'wrap' }, ...indicatorLine(indicators[k]))));
  const table = boxed('Table of its clusters', facts(['Cluster', 'Articles', 'Similarity', 'Title', 'Indicators'], rows));
  const more = lone.length < alone ? ` The first ${count(lone.length)}:` : '';
  const items = lone.map(([id, title]) => make('li', { class: 'wrap' }, quote(id, { class: 'mono' }), ' ', quote(title)));
  return section('Clusters', '', 'campaign-clusters', clusters.length ? table : remark('None.'),
    ...(alone ? [make('h3', { text: plural(alone, 'lone article') }), remark(`In no cluster of two or more.${more}`),
      make('ul', { class: 'tall' }, ...items)] : []));
};

/** Why a campaign is one, in words. @type {(campaign: Campaign) => HTMLElement} */
const drawLinks = ({ links, linked }) => {
  const rows = links.map(([left, right, strength, why]) => make('tr', { data: { testid: 'campaign-link' } },
    make('td', { class: 'held' }, bar(strength), make('span', { text: ratio(strength) })),
    make('td', { class: 'wrap' }, quote(left, { class: 'mono' })),
    make('td', { class: 'wrap' }, quote(right, { class: 'mono' })),
    make('td', { class: 'wrap' }, quote(why))));
  const words = `The strongest that hold it together${links.length < linked ? `, ${count(links.length)} of ${count(linked)}` : ''}.`;
  return section('Links', words, 'campaign-links',
    boxed('Table of links', facts(['Strength', 'Left', 'Right', 'Why'], rows)));
};

/** The frames that members hold; most campaigns have none. @type {(campaign: Campaign) => HTMLElement | null} */
const drawHeldFrames = ({ frames }) => (frames.length ? section('Frames', 'Not counted.', 'campaign-frames',
  boxed('Table of frames', facts(['Held by', 'Alike elsewhere', 'Passage'], frames.map(frameRow)))) : null);

/** Draws a campaign into the page. @type {(k: number, data: Campaign) => void} */
const drawCampaign = (k, data) => {
  const row = state.summary.campaigns.rows[k];
  const [picture, fill] = drawGraph(data);
  $('campaign').replaceChildren(make('header', { class: 'head' },
    make('nav', { 'aria-label': 'Campaigns' },
      make('a', { class: 'quiet', href: '#clusters', data: { testid: 'close-campaign' }, text: '← Overview' })),
    make('h1', { tabindex: -1 }, `Campaign ${count(k + 1)} `, span('badge', plural(row.articles, 'article'))),
    make('p', { class: 'muted' }, `${partWords(row)} · called `, quote(row.label, { class: 'mono' }))),
  make('div', { class: 'stack' }, ...[picture, drawConsists(data), drawLinks(data), drawIndicators(data),
    drawHeldFrames(data)].filter(Boolean)));
  leave();
  $('overview').hidden = true;
  $('campaign').hidden = false;
  state.web = fill;
  fill();
};

/** Empties the views of a cluster and of a campaign. */
const leave = () => {
  state.web = null;
  for (const name of ['cluster', 'campaign']) $(name).hidden = true;
};

/** Opens campaign number k + 1; a later call wins. @type {(k: number) => Promise<void>} */
const openCampaign = async (k) => {
  const turn = state.opening += 1;
  if (!state.open && !state.web) state.scroll = scrollY;
  try {
    const data = await load(`campaign-${k}`);
    if (turn !== state.opening) return;
    state.open = null;
    delete document.documentElement.dataset.cluster;
    drawCampaign(k, data);
  } catch (error) {
    if (turn !== state.opening) return;
    showOverview();
    complain(`Campaign ${count(k + 1)} cannot be read from this file (${reason(error)}). Make the report again.`);
    return;
  }
  scrollTo({ top: 0, behavior: 'instant' });
  within($('campaign'), 'h1').focus({ preventScroll: true });
  document.title = `Campaign ${k + 1} – ${state.summary.title}`;
  document.documentElement.dataset.campaign = String(k + 1);
};

/** The way from a cluster to its campaign, where that has others. @type {(k: number) => Child[]} */
const campaignLink = (k) => {
  const number = state.summary.campaigns.of[k];
  if (number === null) return [];
  return [' · in ', make('a', { href: campaignAddress(number), data: { testid: 'to-campaign' },
    text: `campaign ${count(number + 1)}` })];
};
