// The matrix of similarities of a cluster.

const MATRIX_STEPS = 10;
const CELL = 44; // pixels, the largest cell of the matrix
const SLICE = 10; // milliseconds of work before the page may draw again

/**
 * Similarities of all embedded texts, row after row; the page stays usable meanwhile.
 * @type {(texts: Texts, alive: () => boolean) => Promise<Float32Array | null>}
 */
const similarities = async (texts, alive) => {
  const n = texts.members.length;
  const out = new Float32Array(n * n);
  let until = performance.now() + SLICE;
  for (let a = 0; a < n; a += 1) {
    const marked = marks(texts, a);
    for (let b = a; b < n; b += 1) out[a * n + b] = out[b * n + a] = jaccard(texts, a, b, common(texts, a, marked, b));
    if (performance.now() < until) continue;
    await pause();
    if (!alive()) return null;
    until = performance.now() + SLICE;
  }
  return out;
};

/**
 * An order in which like stands beside like: from the first always on to the nearest one left.
 * @type {(values: Float32Array, n: number, first: number) => number[]}
 */
const chain = (values, n, first) => {
  const [order, left] = [[first], new Set(Array.from({ length: n }, (_, i) => i))];
  left.delete(first);
  while (left.size) {
    const row = order[order.length - 1] * n;
    let best = -1;
    for (const i of left) if (best < 0 || values[row + i] > values[row + best]) best = i;
    order.push(best);
    left.delete(best);
  }
  return order;
};

/** Size of a cell: small clusters get no giant squares, large ones fit. @type {(map: Heat) => number} */
const cellSize = ({ canvas, n }) => clamp(Math.floor(Math.min(460, canvas.parentElement?.clientWidth ?? 0) / n), 1, CELL);

/**
 * Paints the heat map with the colours of its legend, and the figures where there is room.
 * @type {(map: Heat) => void}
 */
const paintMatrix = (map) => {
  const { canvas, values, order, n } = map;
  if (!values) return;
  const cell = map.cell = cellSize(map);
  const dots = Math.max(1, Math.round(devicePixelRatio));
  const gap = cell > 6 ? 1 : 0;
  canvas.width = canvas.height = n * cell * dots;
  canvas.style.width = canvas.style.height = `${n * cell}px`;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const looks = map.swatches.map((swatch) => getComputedStyle(swatch));
  pen.scale(dots, dots);
  Object.assign(pen, { font: '11px system-ui, sans-serif', textAlign: 'center', textBaseline: 'middle' });
  for (let y = 0; y < n; y += 1) {
    for (let x = 0; x < n; x += 1) {
      const value = values[order[y] * n + order[x]];
      const look = looks[clamp(Math.floor(value * MATRIX_STEPS), 0, MATRIX_STEPS - 1)];
      pen.fillStyle = look.backgroundColor;
      pen.fillRect(x * cell, y * cell, cell - gap, cell - gap);
      pen.fillStyle = look.color;
      if (cell >= 34) pen.fillText(ratio(value), (x + 0.5) * cell, (y + 0.5) * cell);
    }
  }
};

/**
 * Points at a cell: a frame around it, its two texts and their similarity in words.
 * @type {(map: Heat, x: number, y: number) => void}
 */
const pointMatrix = (map, x, y) => {
  if (!map.values) return;
  Object.assign(map, { x: clamp(x, 0, map.n - 1), y: clamp(y, 0, map.n - 1) });
  const [a, b] = [map.order[map.y], map.order[map.x]];
  const [left, top, size] = [map.x, map.y, 1].map((cells) => `${cells * map.cell}px`);
  Object.assign(map.frame.style, { left, top, width: size, height: size });
  map.frame.hidden = false;
  const { ids } = map.view.data;
  const id = (/** @type {number} */ t) => quote(ids[map.view.texts.members[t]], { class: 'mono' });
  map.readout.replaceChildren(make('b', { text: ratio(map.values[a * map.n + b]) }), ' ', id(a), ' and ', id(b));
};

/** Pointer and keys of the heat map. @type {(map: Heat) => void} */
const listenMatrix = (map) => {
  const { canvas, view } = map;
  const follow = (/** @type {MouseEvent} */ event) =>
    pointMatrix(map, Math.floor(event.offsetX / map.cell), Math.floor(event.offsetY / map.cell));
  const open = () => { if (map.values) view.choose(map.order[map.y], map.order[map.x], true); };
  /** @type {Record<string, [number, number]>} */
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener('pointermove', follow);
  canvas.addEventListener('focus', () => pointMatrix(map, map.x, map.y));
  canvas.addEventListener('click', (event) => { follow(event); open(); });
  canvas.addEventListener('keydown', (event) => {
    const move = moves[event.key];
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); open(); }
    if (!move || !map.values) return;
    event.preventDefault();
    pointMatrix(map, map.x + move[0], map.y + move[1]);
  });
};

/** What the matrix says, in one sentence. @type {(values: Float32Array, n: number) => string} */
const matrixWords = (values, n) => {
  const pairs = values.filter((_, i) => i % n > Math.floor(i / n)).sort();
  const [least, mean, most] = [pairs[0], sum(pairs) / pairs.length, pairs.at(-1)].map(ratio);
  return `${plural(pairs.length, 'pair')} of ${count(n)} texts: least ${least}, mean of all pairs ${mean}, greatest ${most}.`;
};

/** Fills the heat map when the similarities are there. @type {(map: Heat, words: HTMLElement) => Promise<void>} */
const fillMatrix = async (map, words) => {
  const { view, n } = map;
  const values = await similarities(view.texts, () => view === state.open);
  if (!values) return;
  Object.assign(map, { values, order: chain(values, n, view.first) });
  paintMatrix(map);
  words.textContent = n > 3 ? `${matrixWords(values, n)} Like texts stand beside each other.` : '';
  map.readout.textContent = 'Point at a square, click to see its two texts side by side.';
};

/** The heat map of similarities. @type {(view: View) => HTMLElement | null} */
const drawMatrix = (view) => {
  const n = view.texts.members.length;
  if (n < 2) return null;
  const canvas = make('canvas', { tabindex: 0, role: 'application', 'aria-label': 'Heat map of similarities. '
    + 'Arrow keys move, Enter shows the two texts side by side. The two lists below choose the same.' });
  const frame = make('span', { class: 'frame', hidden: true });
  const readout = make('p', { class: 'readout', 'aria-live': 'polite', text: 'Computing…' });
  const map = view.map = { view, canvas, swatches: swatches('heat', MATRIX_STEPS), frame, readout,
    values: null, order: [], n, x: 1, y: 0, cell: 1 };
  listenMatrix(map);
  const words = remark('');
  fillMatrix(map, words);
  return section('Similarity of texts', '', 'matrix', words, make('div', { class: 'map' }, canvas, frame),
    make('p', { class: 'key' }, make('span', { class: 'ramp' }, '0 ', ...map.swatches, ' 1')), readout);
};
