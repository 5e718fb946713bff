// The pictures of the summary.

const SCALE = [
  { from: 0, to: 0.05, name: 'unrelated', range: 'below 0.05' },
  { from: 0.05, to: 0.1, name: 'one network or subject', range: '0.05–0.1' },
  { from: 0.1, to: 0.3, name: 'rewritten', range: '0.1–0.3' },
  { from: 0.3, to: 0.7, name: 'edited copies', range: '0.3–0.7' },
  { from: 0.7, to: 1.01, name: 'copies', range: 'from 0.7' },
];

/** Which step of the rough scale a similarity belongs to. @type {(x: number) => number} */
const grade = (x) => SCALE.findIndex(({ from, to }) => x >= from - 1e-9 && x < to - 1e-9);

/** Powers of ten up to a count, and that count where there would be one of them alone. @type {(most: number) => number[]} */
const decades = (most) => (most < 10 ? [...new Set([1, Math.max(1, most)])]
  : Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, i) => 10 ** i));

/** A label in a picture. @type {(x: number, y: number, anchor: string, text: string, name?: string) => SVGElement} */
const label = (x, y, anchor, text, name = 'label') => draw('text', { class: name, x, y, 'text-anchor': anchor, text });

/**
 * Lines and labels of the axes.
 * @type {(x: (value: number) => number, y: (n: number) => number, box: Box, most: number) => SVGElement[]}
 */
const axes = (x, y, box, most) => {
  /** @type {SVGElement[]} */
  const nodes = decades(most).map((n) => draw('g', { class: 'tick' },
    draw('line', { x1: box.left, x2: box.right, y1: y(n), y2: y(n) }),
    label(box.left - 6, y(n) + 4, 'end', formats.short.format(n))));
  for (let i = 0; i <= 10; i += 2) nodes.push(label(x(i / 10), box.bottom + 16, 'middle', (i / 10).toFixed(1)));
  const turn = `translate(11 ${(box.top + box.bottom) / 2}) rotate(-90)`;
  nodes.push(
    draw('line', { class: 'axis', x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }),
    label((box.left + box.right) / 2, box.bottom + 34, 'middle', 'similarity'),
    dress(label(0, 0, 'middle', 'pairs (log scale)'), { transform: turn }),
  );
  return nodes;
};

/** The line where pairs begin to count as similar. @type {(at: number, box: Box, threshold: number) => SVGElement} */
const thresholdLine = (at, box, threshold) => {
  /** @type {[number, string]} */
  const [shift, anchor] = threshold > 0.7 ? [-6, 'end'] : [6, 'start'];
  return draw('g', { class: 'threshold' },
    draw('line', { x1: at, x2: at, y1: box.top - 20, y2: box.bottom }),
    label(at + shift, box.top - 12, anchor, `threshold ${threshold}`));
};

/** The histogram in one sentence. @type {(summary: Summary) => string} */
const histogramWords = ({ histogram, threshold, edges }) =>
  `Histogram of the similarity of ${plural(sum(histogram), 'compared pair')}, on a log scale; `
  + `${count(edges)} from the threshold ${threshold} up. The list below says the same in numbers.`;

/** How many compared pairs have which similarity. @type {(place: HTMLElement, summary: Summary) => void} */
const drawHistogram = (place, summary) => {
  const [width, height] = [place.clientWidth, 236];
  const box = { left: 58, right: width - 12, top: 30, bottom: height - 42 };
  const most = Math.max(...summary.histogram, 1);
  const x = (/** @type {number} */ value) => box.left + (box.right - box.left) * value;
  const y = (/** @type {number} */ n) => box.bottom - ((box.bottom - box.top) * Math.log10(1 + n)) / Math.log10(1 + most);
  const step = x(0.01) - x(0);
  const bars = summary.histogram.flatMap((n, i) => {
    if (!n) return []; // nothing to see, and below the threshold nothing that was compared
    const [from, to] = [(i / 100).toFixed(2), ((i + 1) / 100).toFixed(2)];
    return draw('g', { data: { tip: `${from}–${to}: ${plural(n, 'pair')}` } },
      draw('rect', {
        class: `grade-${grade(i / 100)}`, x: x(i / 100), y: y(n), width: step * 0.86, height: box.bottom - y(n) }),
      draw('rect', { class: 'catch', x: x(i / 100), y: box.top, width: step, height: box.bottom - box.top }));
  });
  place.replaceChildren(draw('svg', { width, height, role: 'img', 'aria-label': histogramWords(summary) },
    ...axes(x, y, box, most), ...bars, thresholdLine(x(summary.threshold), box, summary.threshold)));
};

/**
 * The rough scale of similarity, with how many pairs fall into each step: it is the histogram in words, too.
 * @type {(place: HTMLElement, summary: Summary) => void}
 */
const drawScale = (place, { histogram }) => {
  const pairs = SCALE.map(() => 0);
  histogram.forEach((n, i) => { pairs[grade(i / 100)] += n; });
  place.replaceChildren(...SCALE.map(({ name, range }, i) => make('li', {},
    make('span', { class: `swatch grade-${i}`, 'aria-hidden': 'true' }),
    make('strong', { text: name }), make('span', { text: range }), span('muted', pairs[i] ? plural(pairs[i], 'pair') : 'none'))));
};

/** Cluster sizes in bins that double. @type {(sizes: number[]) => Bin[]} */
const sizeBins = (sizes) => {
  const bins = [];
  for (const size of sizes) {
    const k = Math.max(0, Math.floor(Math.log2(size)) - 1);
    while (bins.length <= k) bins.push({ clusters: 0, articles: 0 });
    bins[k].clusters += 1;
    bins[k].articles += size;
  }
  return bins.map((bin, k) => ({ ...bin, from: 2 ** (k + 1), to: 2 ** (k + 2) - 1 }));
};

/**
 * One bar of the picture of sizes.
 * @type {(bin: Bin, top: number, picture: { left: number, width: number, step: number, reachOf: (n: number) => number }) => SVGElement}
 */
const sizeBar = ({ from, to, clusters, articles }, top, { left, width, step, reachOf }) => {
  const [range, middle] = [`${count(from)}–${count(to)}`, top + step / 2 + 4];
  const words = `${plural(clusters, 'cluster')} of ${range} articles, ${count(articles)} in all`;
  return draw('g', { data: { tip: words } },
    draw('rect', { class: 'catch', x: 0, y: top, width, height: step }),
    label(left - 10, middle, 'end', range),
    draw('rect', { class: 'size', x: left, y: top + 4, width: reachOf(clusters), height: step - 8, rx: 2 }),
    label(left + reachOf(clusters) + 7, middle, 'start', count(clusters), 'value'));
};

/** How many clusters have which size. @type {(place: HTMLElement, bins: Bin[]) => void} */
const drawSizes = (place, bins) => {
  if (!bins.length) { place.replaceChildren(remark('No clusters.')); return; }
  const step = clamp(Math.floor(270 / bins.length), 22, 34);
  const [width, height, left] = [place.clientWidth, bins.length * step + 40, 86];
  const long = width - 52 - left - 3;
  const most = Math.max(...bins.map((bin) => bin.clusters));
  const reachOf = (/** @type {number} */ n) => (n ? 3 + (long * Math.log10(1 + n)) / Math.log10(1 + most) : 0);
  const rows = bins.map((bin, i) => sizeBar(bin, 20 + i * step, { left, width, step, reachOf }));
  const words = bins.map(({ from, to, clusters }) => `${from} to ${to} articles: ${plural(clusters, 'cluster')}`);
  const name = `Cluster sizes, on a log scale. ${words.join('; ')}.`;
  place.replaceChildren(draw('svg', { width, height, role: 'img', 'aria-label': name },
    label(left - 10, 12, 'end', 'articles'), label(left, 12, 'start', 'clusters (log scale)'),
    draw('line', { class: 'axis', x1: left, x2: left, y1: 20, y2: height - 18 }), ...rows));
};
