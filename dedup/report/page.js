(() => {
'use strict';

// The page of a report. Article text is data: it reaches the page as text nodes, never as markup, links or styles.

const SCALE = [
  { from: 0, to: 0.05, name: 'unrelated', range: 'below 0.05' },
  { from: 0.05, to: 0.1, name: 'one network or subject', range: '0.05–0.1' },
  { from: 0.1, to: 0.3, name: 'rewritten', range: '0.1–0.3' },
  { from: 0.3, to: 0.7, name: 'edited copies', range: '0.3–0.7' },
  { from: 0.7, to: 1.01, name: 'copies', range: 'from 0.7' },
];
const STEPS = 5;
const MATRIX_STEPS = 10;
const CELL = 44; // pixels, the largest cell of the matrix
const AGAIN = -2; // owner of what only repeats a passage
const FRAME = -3; // owner of what stands in the first frame of a text, and so on downward
const LEAST_LEFT = 2 ** -10; // of the weight of a shingle in a text however long
const SLICE = 10; // milliseconds of work before the page may draw again
const OVERSCAN = 12;
const HEAVIEST = 3; // passages of which it is told how much of the similarity they carry
const UNITS = 2 ** 16; // of a weight: every shingle has one at least
const PRODUCT = 16; // a shingle with more pairs of places than this is paired k-th with k-th

// ---------------------------------------------------------------- small things

const $ = (id) => document.getElementById(id);
const formats = { whole: new Intl.NumberFormat('en'), short: new Intl.NumberFormat('en', { notation: 'compact' }) };
const count = (n) => formats.whole.format(n);
const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
const ratio = (x) => (x === null || x === undefined ? '–' : x.toFixed(x < 0.01 && x > 0 ? 3 : 2));
const percent = (x) => `${(100 * x).toFixed(x >= 0.1 || x === 0 ? 0 : 1)} %`;
const clamp = (x, low, high) => Math.max(low, Math.min(high, x));
const sum = (values) => values.reduce((a, b) => a + b, 0);
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
const glide = () => (calm() ? 'auto' : 'smooth');
const isolate = (text) => `\u2068${text}\u2069`;

/** Sets text, class, dataset, listeners and attributes; the names are ours, only values come from data. */
const dress = (node, props) => {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'text') node.textContent = value;
    else if (name === 'data') Object.assign(node.dataset, value);
    else if (name === 'on') for (const [type, call] of Object.entries(value)) node.addEventListener(type, call);
    else node.setAttribute(name, value === true ? '' : value);
  }
  return node;
};

/** An HTML element with properties and children. */
const make = (tag, props = {}, ...children) => {
  const node = dress(document.createElement(tag), props);
  node.append(...children.filter((child) => child !== null));
  return node;
};

/** An SVG element with properties and children. */
const draw = (tag, props = {}, ...children) => {
  const node = dress(document.createElementNS('http://www.w3.org/2000/svg', tag), props);
  node.append(...children);
  return node;
};

/** Text of an article: kept apart from the direction of what stands around it. */
const quote = (text, props = {}) => make('bdi', { text, ...props });

/** A small piece of our own words. */
const span = (name, text) => make('span', { class: name, text });

/** A remark under a heading. */
const remark = (text) => make('p', { class: 'note', text });

/** Squares of a legend, from the lightest to the strongest. */
const swatches = (name, steps) => Array.from({ length: steps }, (_, i) => make('i', { class: `swatch ${name}-${i}` }));

/** A bar of a share from 0 to 1. */
const bar = (value) => {
  const fill = make('span');
  fill.style.width = `${clamp(100 * value, 0, 100)}%`;
  return make('span', { class: 'meter', 'aria-hidden': 'true' }, fill);
};

/** Says something to screen readers. */
const say = (text) => { $('status').textContent = text; };

/** Shows a plain message in the page. */
const complain = (text) => {
  $('message').textContent = text;
  $('message').hidden = !text;
};

/** Lets the page draw and answer before work goes on. */
const pause = () => new Promise((resume) => { setTimeout(resume); });

/** The small label that follows the pointer over a picture. */
const tip = (event, text) => {
  const node = $('tip');
  node.hidden = !text;
  if (!text) return;
  node.textContent = text;
  const left = clamp(event.clientX + 14, 8, innerWidth - node.offsetWidth - 8);
  const below = event.clientY + 18;
  node.style.left = `${left}px`;
  node.style.top = `${below + node.offsetHeight > innerHeight ? event.clientY - node.offsetHeight - 12 : below}px`;
};

/** Shows the `data-tip` of whatever is under the pointer within a picture. */
const tipsOf = (picture) => {
  picture.addEventListener('pointermove', (event) => tip(event, event.target.closest('[data-tip]')?.dataset.tip));
  picture.addEventListener('pointerleave', (event) => tip(event, ''));
  return picture;
};

/** Copies text and says whether it could; old browsers and plain files have no clipboard object. */
const copy = async (text, button) => {
  let done = true;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make('textarea', { class: 'unseen', readonly: true });
    area.value = text;
    document.body.append(area);
    area.select();
    done = document.execCommand('copy');
    area.remove();
    button.focus();
  }
  const word = done ? 'Copied' : 'Not copied';
  say(word);
  button.textContent = word;
  setTimeout(() => { button.textContent = 'Copy'; }, 1200);
};

// ---------------------------------------------------------------- data

/** Waits until a data element is there as a whole: the page is used while it still loads. */
const element = (id) => new Promise((found, missing) => {
  const look = () => {
    const node = $(id);
    const loaded = document.readyState !== 'loading';
    if (node && (loaded || node.nextElementSibling)) return finish(() => found(node));
    return loaded ? finish(() => missing(new Error(`part ${id} is missing`))) : undefined;
  };
  const watcher = new MutationObserver(look);
  const finish = (call) => {
    watcher.disconnect();
    document.removeEventListener('DOMContentLoaded', look);
    call();
  };
  watcher.observe(document.body, { childList: true });
  document.addEventListener('DOMContentLoaded', look);
  look();
});

/** Bytes of base64. */
const bytes = (text) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const chars = atob(text);
  const out = new Uint8Array(chars.length);
  for (let i = 0; i < chars.length; i += 1) out[i] = chars.charCodeAt(i);
  return out;
};

/** The value packed in a data element. */
const load = async (id) => {
  const node = await element(id);
  try {
    const stream = new Blob([bytes(node.textContent.trim())]).stream().pipeThrough(new DecompressionStream('deflate'));
    return JSON.parse(await new Response(stream).text());
  } catch {
    throw new Error(`part ${id} is damaged`);
  }
};

/** Undoes run-length coding: [value, count, value, count, ...]. */
const expand = (coded) => {
  let total = 0;
  for (let i = 1; i < coded.length; i += 2) total += coded[i];
  const out = new Int32Array(total);
  for (let i = 0, at = 0; i < coded.length; i += 2) out.fill(coded[i], at, at += coded[i + 1]);
  return out;
};

/** Running sums, in place. */
const accumulate = (steps) => {
  for (let i = 1; i < steps.length; i += 1) steps[i] += steps[i - 1];
  return steps;
};

/** The shared shingle at every position of a text, -1 where there is none. */
const sequence = (runs, length) => {
  const out = new Int32Array(length).fill(-1);
  let at = 0;
  let last = -1;
  for (let i = 0; i < runs.length; i += 3) {
    at += runs[i];
    last += runs[i + 1];
    for (let k = 0; k < runs[i + 2]; k += 1) out[at + k] = last + k;
    at += runs[i + 2];
    last += runs[i + 2] - 1;
  }
  return out;
};

/** The embedded texts of a cluster, unpacked. */
const unpack = ({ members, of, text, total, weights, less, begins, starts, lengths, runs, frames }) => {
  const widths = lengths.map(expand);
  const firsts = starts.map((row) => accumulate(expand(row)));
  const numbers = runs.map((row, i) => sequence(row, widths[i].length));
  const distinct = numbers.map((row) => [...new Set(row)].filter((s) => s >= 0));
  const places = begins.map((row) => accumulate(expand(row)));
  const each = (rows) => of.map((t) => rows[t]); // a text that several members have is in the page once
  return { members, weights, text: each(text), total: each(total), less: each(less), begins: each(places),
    starts: each(firsts), widths: each(widths), numbers: each(numbers), distinct: each(distinct), frames: each(frames) };
};

/** How much less a shingle weighs that two texts share: in a long text it is likelier to be there by chance. */
const lessIn = (texts, a, b) => Math.max(texts.less[a], texts.less[b]);

/** Weight of what a text, whose shared shingles are marked, has in common with another. */
const common = (texts, a, marked, b) => {
  const less = lessIn(texts, a, b);
  let shared = 0;
  for (const s of texts.distinct[b]) if (marked[s]) shared += Math.max(texts.weights[s] - less, texts.weights[s] * LEAST_LEFT);
  return shared;
};

/** Marks the shared shingles of a text. */
const marks = (texts, a) => {
  const marked = new Uint8Array(texts.weights.length);
  for (const s of texts.distinct[a]) marked[s] = 1;
  return marked;
};

/** Similarity of two texts whose shared weight is known. */
const jaccard = (texts, a, b, shared) => {
  if (texts.text[a] === texts.text[b]) return 1;
  const union = texts.total[a] + texts.total[b] - shared;
  return union > 0 ? clamp(shared / union, 0, 1) : 0;
};

// ---------------------------------------------------------------- passages of a pair

/** Where every shared shingle stands. */
const places = (row) => {
  const out = new Map();
  row.forEach((s, i) => {
    if (s < 0) return;
    if (out.has(s)) out.get(s).push(i);
    else out.set(s, [i]);
  });
  return out;
};

/** Maximal runs of equal shared shingles, each once: seeds come by position, so a diagonal's last end is enough. */
const maximalRuns = (left, right, leftAt, rightAt) => {
  const [inLeft, inRight] = [places(left), places(right)];
  const [ends, turns, runs] = [new Map(), new Map(), []];
  const grow = (i, j) => {
    if (i < (ends.get(j - i) ?? 0)) return;
    let [a, b, length] = [i, j, 1];
    const apart = leftAt[i] - rightAt[j];
    const agree = (m, n) => left[m] >= 0 && left[m] === right[n] && leftAt[m] - rightAt[n] === apart;
    while (a > 0 && b > 0 && agree(a - 1, b - 1)) { a -= 1; b -= 1; length += 1; }
    while (agree(a + length, b + length)) length += 1;
    ends.set(j - i, a + length);
    runs.push({ a, b, length, worth: 0, from: [a, b] });
  };
  left.forEach((s, i) => {
    const others = s < 0 ? undefined : inRight.get(s);
    if (!others) return;
    const turn = turns.get(s) ?? 0;
    turns.set(s, turn + 1);
    if (inLeft.get(s).length * others.length <= PRODUCT) others.forEach((j) => grow(i, j));
    else if (turn < others.length) grow(i, others[turn]);
  });
  return runs;
};

/** Which run comes later in a list that rises by worth; of equals the one that began earlier is taken first. */
const byWorth = (x, y) => x.worth - y.worth || y.from[0] - x.from[0] || y.from[1] - x.from[1];

/** Puts a run into such a list. */
const insert = (list, run) => {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byWorth(list[middle], run) > 0) high = middle;
    else low = middle + 1;
  }
  list.splice(low, 0, run);
};

/** Passages two texts share, heaviest first (greedy string tiling, Wise 1993); weights add up to the similarity. */
const tile = (texts, a, b, union) => {
  const left = texts.numbers[a];
  const covered = new Uint8Array(texts.weights.length);
  const seen = new Int32Array(texts.weights.length);
  const less = lessIn(texts, a, b);
  const worths = texts.weights.map((weight) => Math.round(Math.max(weight - less, weight * LEAST_LEFT) * UNITS)); // equal sums are equal
  let turn = 0;
  const appraise = (run) => {
    while (run.length && covered[left[run.a]]) { run.a += 1; run.b += 1; run.length -= 1; }
    while (run.length && covered[left[run.a + run.length - 1]]) run.length -= 1;
    turn += 1;
    run.worth = 0;
    for (let i = run.a; i < run.a + run.length; i += 1) {
      const s = left[i];
      if (!covered[s] && seen[s] !== turn) run.worth += worths[s];
      seen[s] = turn;
    }
    return run;
  };
  const waiting = maximalRuns(left, texts.numbers[b], texts.starts[a], texts.starts[b]).map(appraise);
  waiting.sort(byWorth);
  const out = [];
  while (waiting.length) {
    const run = appraise(waiting.pop());
    if (run.length === 0 || run.worth === 0) continue;
    if (waiting.length && run.worth < waiting.at(-1).worth) { insert(waiting, run); continue; }
    for (let i = run.a; i < run.a + run.length; i += 1) covered[left[i]] = 1;
    out.push({ ...run, weight: union > 0 ? run.worth / UNITS / union : 0 });
  }
  return out.sort((x, y) => y.weight - x.weight || x.a - y.a);
};

/** Marks and characters that are not seen belong to the character before them. */
const MARKS = /[\p{M}\p{Cf}\p{DI}]*/uy;

/** Where folded characters from..to (exclusive) begin and end in a text, one entry more than there are characters. */
const borders = (texts, t, from, to) => {
  const begins = texts.begins[t].subarray(from, to);
  const last = begins[begins.length - 1];
  MARKS.lastIndex = last + (texts.text[t].codePointAt(last) > 0xffff ? 2 : 1);
  return [...begins, MARKS.lastIndex + MARKS.exec(texts.text[t])[0].length];
};

/** Borders of a passage in both texts; a character that becomes several, some of which are in it, is left out. */
const reach = (texts, a, b, run) => {
  const last = run.a + run.length - 1;
  const [left, right] = [texts.starts[a][run.a], texts.starts[b][run.b]];
  const size = texts.starts[a][last] + texts.widths[a][last] - left;
  const cut = (begins, i) => i === 0 || begins[i] !== begins[i - 1];
  const whole = (i) => cut(texts.begins[a], left + i) && cut(texts.begins[b], right + i);
  let [from, to] = [0, size];
  while (from < size && !whole(from)) from += 1;
  while (to > from && !whole(to)) to -= 1;
  if (from === to) [from, to] = [0, size];
  return [borders(texts, a, left + from, left + to), borders(texts, b, right + from, right + to)];
};

/** Tells `mark` what is written otherwise in the other text though it is equal when folded. */
const compare = (one, other, ours, theirs, mark) => {
  const size = Math.min(ours.length, theirs.length) - 1;
  for (let i = 0; i < size; i += 1) {
    if (ours[i] === ours[i + 1]) continue;
    const [mine, yours] = [one.slice(ours[i], ours[i + 1]), other.slice(theirs[i], theirs[i + 1])];
    if (mine.trim() === yours.trim()) continue;
    const same = mine.codePointAt(0) === yours.codePointAt(0);
    const width = mine.codePointAt(0) > 0xffff ? 2 : 1;
    mark(ours[i] + (same ? width : 0), ours[i + 1]);
  }
};

/** Which passage owns every UTF-16 unit of a text, the heaviest first, and where it is written otherwise. */
const paint = (texts, t, other, spans) => {
  const owner = new Int32Array(texts.text[t].length).fill(-1);
  const differs = new Uint8Array(owner.length);
  spans.forEach(([ours, theirs], rank) => {
    for (let i = ours[0]; i < ours.at(-1); i += 1) if (owner[i] < 0) owner[i] = rank;
    compare(texts.text[t], texts.text[other], ours, theirs, (from, to) => {
      for (let i = from; i < to; i += 1) if (owner[i] === rank) differs[i] = 1;
    });
  });
  echo(texts, t, other, owner);
  furnish(texts, t, owner, texts.text[t] === texts.text[other]);
  return { owner, differs };
};

/** Marks what says once more what a passage says, which adds no weight. */
const echo = (texts, t, other, owner) => {
  const held = marks(texts, other);
  texts.numbers[t].forEach((s, i) => {
    if (s < 0 || !held[s]) return;
    const first = texts.starts[t][i];
    const last = texts.begins[t][first + texts.widths[t][i] - 1];
    const end = last + (texts.text[t].codePointAt(last) > 0xffff ? 2 : 1);
    for (let k = texts.begins[t][first]; k < end; k += 1) if (owner[k] === -1) owner[k] = AGAIN;
  });
};

/** Marks what stands in frames and is not counted; in equal texts, whose one passage is all of them, too. */
const furnish = (texts, t, owner, equal) => texts.frames[t].forEach(([from, to], k) => {
  for (let i = from; i < to; i += 1) if (equal || owner[i] === -1) owner[i] = FRAME - k;
});

/** Everything the side-by-side view shows of two texts. */
const confront = (texts, a, b) => {
  const shared = common(texts, a, marks(texts, a), b);
  const similarity = jaccard(texts, a, b, shared);
  const all = [{ a: 0, b: 0, length: texts.numbers[a].length, weight: 1 }];
  const passages = texts.text[a] === texts.text[b] ? all : tile(texts, a, b, texts.total[a] + texts.total[b] - shared);
  const spans = passages.map((run) => reach(texts, a, b, run));
  return {
    similarity,
    passages,
    left: paint(texts, a, b, spans),
    right: paint(texts, b, a, spans.map(([left, right]) => [right, left])),
    snippets: spans.map(([left]) => texts.text[a].slice(left[0], left.at(-1))),
  };
};

// ---------------------------------------------------------------- long tables

/** Draws only the rows in sight. `scroller` is null where the page itself scrolls. */
class Rows {
  constructor(body, scroller, row) {
    Object.assign(this, { body, scroller, row, size: 0, current: 0, drawn: new Map(), whole: false });
    this.top = make('tr', { class: 'space', 'aria-hidden': 'true' });
    this.bottom = this.top.cloneNode();
    body.replaceChildren(this.top, this.bottom);
    body.addEventListener('keydown', (event) => this.key(event));
    body.addEventListener('focusin', (event) => this.enter(event.target.closest('tr')));
    (scroller ?? window).addEventListener('scroll', () => this.update(), { passive: true });
  }

  /** Shows so many rows anew. */
  show(size) {
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.size = size;
    this.current = clamp(this.current, 0, Math.max(0, size - 1));
    this.body.parentNode.setAttribute('aria-rowcount', size + 1);
    this.update();
  }

  /** Top and height of the part that can be seen. */
  sight() {
    const head = this.body.parentNode.tHead?.offsetHeight ?? 0;
    if (!this.scroller) return { top: head + document.querySelector('.bar').offsetHeight, bottom: innerHeight };
    const box = this.scroller.getBoundingClientRect();
    return { top: box.top + head, bottom: box.bottom };
  }

  /** Draws the rows that came into sight and drops the others. */
  update() {
    if (!this.body.offsetParent) return;
    const height = this.height = parseFloat(getComputedStyle(this.body).getPropertyValue('--row'));
    const [{ top, bottom }, start] = [this.sight(), this.body.getBoundingClientRect().top];
    const seen = clamp(Math.ceil((top - start) / height), 0, this.size);
    const first = this.whole ? 0 : clamp(seen - OVERSCAN, 0, this.size);
    const last = this.whole ? this.size : clamp(Math.ceil((bottom - start) / height) + OVERSCAN, first, this.size);
    for (const [i, row] of this.drawn) if (i < first || i >= last) { row.remove(); this.drawn.delete(i); }
    this.fill(first, last);
    this.top.style.height = `${first * height}px`;
    this.bottom.style.height = `${(this.size - last) * height}px`;
    if (this.current < first || this.current >= last) this.current = clamp(seen, first, Math.max(first, last - 1));
    this.rove();
  }

  /** Puts in the rows that are missing between first and last, in order. */
  fill(first, last) {
    let cursor = this.top.nextSibling;
    for (let i = first; i < last; i += 1) {
      if (this.drawn.has(i)) { cursor = this.drawn.get(i).nextSibling; continue; }
      const row = dress(this.row(i), { 'aria-rowindex': i + 2 });
      this.drawn.set(i, row);
      this.body.insertBefore(row, cursor);
    }
  }

  /** One row is in the order of Tab, the arrow keys reach the others. */
  rove() {
    for (const [i, row] of this.drawn) row.querySelector('.stop').tabIndex = i === this.current ? 0 : -1;
  }

  /** The row that took the focus is the current one. */
  enter(row) {
    if (!row?.ariaRowIndex) return;
    this.current = Number(row.ariaRowIndex) - 2;
    this.rove();
  }

  /** Arrow keys, Home, End and paging. */
  key(event) {
    const page = 10;
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.size, End: this.size };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.focus(clamp(this.current + moves[event.key], 0, this.size - 1));
  }

  /** Scrolls a row into sight and gives it the focus. */
  focus(i) {
    if (!this.size) return;
    this.current = i;
    this.reveal(i);
    this.update();
    this.drawn.get(i)?.querySelector('.stop').focus({ preventScroll: true });
  }

  /** Scrolls as little as shows the row. */
  reveal(i) {
    const { top, bottom } = this.sight();
    const from = this.body.getBoundingClientRect().top + i * this.height;
    const over = from < top ? from - top : Math.max(0, from + this.height + 8 - bottom);
    if (over) (this.scroller ?? window).scrollBy({ top: over, behavior: 'instant' });
  }
}

// ---------------------------------------------------------------- charts

/** Which step of the rough scale a similarity belongs to. */
const grade = (x) => SCALE.findIndex(({ from, to }) => x >= from - 1e-9 && x < to - 1e-9);

/** Powers of ten up to a count. */
const decades = (most) => Array.from({ length: Math.floor(Math.log10(Math.max(1, most))) + 1 }, (_, i) => 10 ** i);

/** A label in a picture. */
const label = (x, y, anchor, text, name = 'label') => draw('text', { class: name, x, y, 'text-anchor': anchor, text });

/** Lines and labels of the axes. */
const axes = (x, y, box, most) => {
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

/** The line where pairs begin to count as similar. */
const thresholdLine = (at, box, threshold) => {
  const [shift, anchor] = threshold > 0.7 ? [-6, 'end'] : [6, 'start'];
  return draw('g', { class: 'threshold' },
    draw('line', { x1: at, x2: at, y1: box.top - 10, y2: box.bottom }),
    label(at + shift, box.top - 2, anchor, `threshold ${threshold}`));
};

/** The histogram in one sentence. */
const histogramWords = ({ histogram, threshold, edges }) =>
  `Histogram of the similarity of ${plural(sum(histogram), 'compared pair')}, on a log scale; `
  + `${count(edges)} from the threshold ${threshold} up. The list below says the same in numbers.`;

/** How many compared pairs have which similarity. */
const drawHistogram = (place, summary) => {
  const [width, height] = [place.clientWidth, 236];
  const box = { left: 58, right: width - 12, top: 20, bottom: height - 42 };
  const most = Math.max(...summary.histogram, 1);
  const x = (value) => box.left + (box.right - box.left) * value;
  const y = (n) => box.bottom - ((box.bottom - box.top) * Math.log10(1 + n)) / Math.log10(1 + most);
  const step = x(0.01) - x(0);
  const bars = summary.histogram.map((n, i) => {
    const [from, to] = [(i / 100).toFixed(2), ((i + 1) / 100).toFixed(2)];
    return draw('g', { data: { tip: `${from}–${to}: ${plural(n, 'pair')}` } },
      draw('rect', {
        class: `grade-${grade(i / 100)}`, x: x(from), y: y(n), width: step * 0.86, height: box.bottom - y(n) }),
      draw('rect', { class: 'catch', x: x(from), y: box.top, width: step, height: box.bottom - box.top }));
  });
  place.replaceChildren(draw('svg', { width, height, role: 'img', 'aria-label': histogramWords(summary) },
    ...axes(x, y, box, most), ...bars, thresholdLine(x(summary.threshold), box, summary.threshold)));
};

/** The rough scale of similarity, with how many pairs fall into each step: it is the histogram in words, too. */
const drawScale = (place, { histogram }) => {
  const pairs = SCALE.map(() => 0);
  histogram.forEach((n, i) => { pairs[grade(i / 100)] += n; });
  place.replaceChildren(...SCALE.map(({ name, range }, i) => make('li', {},
    make('span', { class: `swatch grade-${i}`, 'aria-hidden': 'true' }),
    make('strong', { text: name }), make('span', { text: range }), span('muted', plural(pairs[i], 'pair')))));
};

/** Cluster sizes in bins that double. */
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

/** One bar of the picture of sizes. */
const sizeBar = ({ from, to, clusters, articles }, top, { left, width, step, reachOf }) => {
  const [range, middle] = [`${count(from)}–${count(to)}`, top + step / 2 + 4];
  const words = `${plural(clusters, 'cluster')} of ${range} articles, ${count(articles)} in all`;
  return draw('g', { data: { tip: words } },
    draw('rect', { class: 'catch', x: 0, y: top, width, height: step }),
    label(left - 10, middle, 'end', range),
    draw('rect', { class: 'size', x: left, y: top + 4, width: reachOf(clusters), height: step - 8, rx: 2 }),
    label(left + reachOf(clusters) + 7, middle, 'start', count(clusters), 'value'));
};

/** How many clusters have which size. */
const drawSizes = (place, bins) => {
  if (!bins.length) { place.replaceChildren(remark('No clusters.')); return; }
  const step = clamp(Math.floor(270 / bins.length), 22, 34);
  const [width, height, left] = [place.clientWidth, bins.length * step + 40, 86];
  const long = width - 52 - left - 3;
  const most = Math.max(...bins.map((bin) => bin.clusters));
  const reachOf = (n) => (n ? 3 + (long * Math.log10(1 + n)) / Math.log10(1 + most) : 0);
  const rows = bins.map((bin, i) => sizeBar(bin, 20 + i * step, { left, width, step, reachOf }));
  const words = bins.map(({ from, to, clusters }) => `${from} to ${to} articles: ${plural(clusters, 'cluster')}`);
  const name = `Cluster sizes, on a log scale. ${words.join('; ')}.`;
  place.replaceChildren(draw('svg', { width, height, role: 'img', 'aria-label': name },
    label(left - 10, 12, 'end', 'articles'), label(left, 12, 'start', 'clusters (log scale)'),
    draw('line', { class: 'axis', x1: left, x2: left, y1: 20, y2: height - 18 }), ...rows));
};

// ---------------------------------------------------------------- summary and table of clusters

const state = { summary: null, order: [], sort: 'number', up: true, hay: null, opening: 0, scroll: 0, open: null, web: null };
const collator = new Intl.Collator(['zh', 'en'], { numeric: true });

/** One figure with its name and what it means. */
const figure = (name, value, words) => make('div', {},
  make('dt', { text: name }), make('dd', {}, make('b', { text: value }), span('muted', words)));

/** The figures on top. */
const drawFigures = ({ articles, clustered, clusters, threshold }) => {
  const removable = clustered - clusters.size.length;
  const part = (n) => percent(articles ? n / articles : 0);
  $('figures').replaceChildren(
    figure('Articles', count(articles), 'read in this run'),
    figure('Clusters', count(clusters.size.length), `of two or more, similar from ${threshold} up`),
    figure('Articles in clusters', count(clustered), `${part(clustered)} of all articles`),
    figure('Duplicate share', part(removable),
      `${plural(removable, 'article')} could go while one of each cluster stays`),
  );
};

/** A row of the table of frames. */
const frameRow = ([passage, holders, alike]) => make('tr', {},
  make('td', { class: 'held', text: count(holders) }),
  make('td', { class: 'held', text: ratio(alike) }),
  make('td', {}, quote(passage, { class: 'wrap' })));

/** The frames that were left out of all texts, behind one line that says how many. */
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

/** Values of indicators in one line, with how many of the texts that were searched hold them. */
const heldLine = (rows, of) => rows.flatMap(([kind, value, n]) => [
  span('kind', kind), ' ', quote(value), span('muted', ` ${count(n)} of ${count(of)} `)]);

/** What a campaign consists of, in words. */
const partWords = ({ clusters, alone }) => plural(clusters, 'cluster') + (alone ? ` and ${plural(alone, 'lone article')}` : '');

/** A row of the table of campaigns. */
const campaignRow = ({ articles, clusters, alone, label: id, title, indicators, searched }, k) => make('tr', {
  data: { testid: 'campaign-row', campaign: k + 1 } },
make('td', { class: 'number', text: count(articles) }),
make('td', { class: 'number', text: count(clusters) }),
make('td', { class: 'number', text: count(alone) }),
make('td', { class: 'wrap' }, make('a', { href: `#campaign-${k + 1}` }, quote(id, { class: 'mono' })), ' ',
  quote(title, { class: 'muted' })),
make('td', { class: 'wrap' }, ...heldLine(indicators, searched)));

/** The heads of a plain table, and its rows. */
const facts = (heads, rows) => make('table', { class: 'facts told' },
  make('thead', {}, make('tr', {}, ...heads.map((text) => make('th', { scope: 'col', text })))),
  make('tbody', {}, ...rows));

/** A box that scrolls where its table is long. */
const boxed = (name, table) => make('div', { class: 'tall', tabindex: 0, role: 'region', 'aria-label': name }, table);

/** The campaigns of several clusters, above the clusters. */
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
  $('campaigns').querySelector('tbody').addEventListener('click', (event) => {
    const row = event.target.closest('[data-campaign]');
    if (!row || event.target.closest('a') || getSelection().toString()) return;
    location.hash = `#campaign-${row.dataset.campaign}`;
  });
};

/** What is shown for the title of a cluster. */
const titleOf = (k) => state.summary.clusters.title[k].trim();

/** Values of indicators in one line. */
const indicatorLine = (rows) => rows.flatMap(([kind, value]) => [span('kind', kind), ' ', quote(value), ' ']);

/** The link that opens a cluster; its address is made of the number alone. */
const clusterLink = (k) => {
  const { label: ids } = state.summary.clusters;
  const title = titleOf(k);
  const words = title ? [quote(title)] : [span('muted', 'untitled, '), quote(ids[k], { class: 'mono' })];
  return make('a', { class: 'stop', href: `#cluster-${k + 1}`, tabindex: -1 }, ...words);
};

/** A row of the table of clusters. */
const clusterRow = (i) => {
  const k = state.order[i];
  const { size, similarity, keywords, indicators } = state.summary.clusters;
  return make('tr', { data: { testid: 'cluster-row', number: k + 1 } },
    make('td', { class: 'c-number muted', text: count(k + 1) }),
    make('td', { class: 'c-size', text: count(size[k]) }),
    make('td', { class: 'c-similarity' }, bar(similarity[k]), ratio(similarity[k])),
    make('td', { class: 'c-title' }, clusterLink(k), quote(keywords[k].join(' · '), { class: 'under muted' })),
    make('td', { class: 'c-keywords' }, ...keywords[k].flatMap((word, n) => [n ? ' · ' : null, quote(word)])),
    make('td', { class: 'c-indicators' }, ...indicatorLine(indicators[k])));
};

/** Text as it is searched. */
const plain = (text) => text.normalize('NFKC').toLowerCase();

/** What can be found of every cluster, made at the first search. */
const haystack = ({ title, label, keywords, indicators, search }) => title.map((text, k) =>
  plain([text, label[k], search[k], ...keywords[k], ...indicators[k].flatMap(([kind, value]) => [kind, value])].join('\n')));

/** Compares two clusters by the chosen column, number by number where that is equal. */
const comparer = () => {
  const { size, similarity } = state.summary.clusters;
  const sign = state.up ? 1 : -1;
  const by = {
    number: (a, b) => sign * (a - b),
    size: (a, b) => sign * (size[a] - size[b]),
    similarity: (a, b) => sign * (similarity[a] - similarity[b]),
    title: (a, b) => Number(!titleOf(a)) - Number(!titleOf(b)) || sign * collator.compare(titleOf(a), titleOf(b)),
  }[state.sort];
  return (a, b) => by(a, b) || a - b;
};

/** Says how many clusters are shown. */
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
  if (words.length) state.hay ??= haystack(clusters);
  const fits = (k) => words.every((word) => state.hay[k].includes(word));
  state.order = clusters.size.map((_, k) => k).filter(fits).sort(comparer());
  sayHits(state.order.length, clusters.size.length, words.length > 0);
  state.rows.current = 0;
  state.rows.show(state.order.length);
};

/** Shows by which column the table is sorted. */
const markSort = () => {
  for (const button of document.querySelectorAll('[data-sort]')) {
    const here = button.dataset.sort === state.sort;
    button.closest('th').setAttribute('aria-sort', here ? (state.up ? 'ascending' : 'descending') : 'none');
  }
};

/** Sorts by a column; once more turns it round. Numbers begin with the greatest. */
const sortBy = (column) => {
  state.up = state.sort === column ? !state.up : column === 'number' || column === 'title';
  state.sort = column;
  markSort();
  list();
};

/** Draws the pictures in the width they have. */
const drawCharts = () => {
  const place = $('histogram');
  if (!place.clientWidth || place.drawnWidth === place.clientWidth) return;
  place.drawnWidth = place.clientWidth;
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

// ---------------------------------------------------------------- one cluster

/** A titled part of a cluster. */
const section = (title, words, testid, ...children) => make('section', { class: 'card', data: testid && { testid } },
  make('h2', { text: title }), words ? remark(words) : null, ...children);

/** How many of the texts hold something. */
const held = (n, of) => `held by ${count(n)} of ${count(of)}`;

/** Which of five shades a share from 0 to 1 has. */
const shade = (x) => clamp(Math.ceil(x * STEPS) - 1, 0, STEPS - 1);

/** The known values of a slot, most frequent first. */
const slotValues = (values, words) => {
  const most = Math.max(...values.map(([, n]) => n), 1);
  const rows = values.map(([value, n]) => make('li', {}, bar(n / most), span('n', count(n)), quote(value)));
  return make('div', { class: 'values' }, remark(words), make('ul', {}, ...rows));
};

/** A slot of a template: its frequent values, all of the known ones when opened. */
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

/** A fixed passage, shaded by how many texts hold it. */
const fixed = ({ text, members, frame }, of) => {
  const words = frame ? `${held(members, of)}; in a frame shared by ${plural(frame, 'article')}: not counted` : held(members, of);
  const name = frame ? 'furniture' : `shade-${shade(members / Math.max(1, of))}`;
  return make('span', { class: `fixed ${name}`, title: words, text });
};

/** Explains the template. */
const templateKey = (parts) => make('p', { class: 'key' },
  make('span', {}, 'fixed text held by few ', ...swatches('shade', STEPS), ' all'),
  make('span', {}, make('i', { class: 'swatch slotkey' }), ' what changes: its frequent values; open one for more'),
  parts.some(({ frame }) => frame) ? make('span', { data: { testid: 'template-frame-key' } },
    span('furniture', 'frame'), ' many articles beyond this cluster hold it, too: not counted') : null);

/** Fixed passages and slots in reading order. */
const drawTemplate = ({ members, distinct, sampled, parts }) => {
  const copies = distinct < members ? ` of ${count(members)} members` : '';
  const words = sampled < distinct ? `Read from a sample: ${count(sampled)} of ${count(distinct)} distinct texts${copies}.`
    : `Read from all ${count(distinct)} ${copies ? 'distinct texts' : 'members'}${copies}.`;
  const pieces = parts.map((part) => (part.slot ? slot(part) : fixed(part, sampled)));
  if (!pieces.length) return section('Template', words, 'template', remark('No passage is common to these texts.'));
  const prose = dress(make('div', { class: 'prose' }, ...pieces), { dir: 'auto' }); // before, it costs a look a piece
  return section('Template', words, 'template', templateKey(parts), prose);
};

/** Words that tell this cluster from other articles. */
const drawKeywords = ({ keywords, read }) => {
  const items = keywords.map(([word, n]) =>
    make('li', { title: held(n, read) }, quote(word), make('small', { text: count(n) })));
  const words = `From the beginnings of ${plural(read, 'text')}.`;
  return section('Keywords', words, 'keywords', items.length ? make('ul', { class: 'words' }, ...items) : remark('None.'));
};

/** A row of the table of indicators; a value is text to copy, never a link. */
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

/** Handles, addresses and numbers that members hold. */
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

/** The id of a member; it opens the text where the page has it. */
const memberName = (view, m) => {
  const t = view.place.get(m);
  const id = quote(view.data.ids[m]);
  if (t === undefined) return make('span', { class: 'stop mono', tabindex: -1 }, id);
  return make('button', {
    type: 'button', class: 'stop mono link', title: 'Show beside the left text',
    on: { click: () => view.compareWith(t) } }, id);
};

/** A row of the list of members. */
const memberRow = (view, m) => {
  const value = view.data.similarity[m];
  const title = value === null ? 'not compared with the representative' : null;
  return make('tr', { class: view.place.has(m) ? 'open' : null },
    make('td', { class: 'm-id' }, memberName(view, m)),
    make('td', { class: 'c-similarity', title }, bar(value ?? 0), ratio(value)),
    make('td', { class: 'm-title' }, quote(view.data.titles[m])));
};

/** Says how many texts of the members are in the page, if not all. */
const sampleWords = ({ texts, data }) => {
  const [some, all] = [texts.members.length, data.ids.length];
  return some < all ? `Texts of ${count(some)} of ${count(all)} members are in this page` : '';
};

/** The empty table of members. */
const memberTable = (body) => {
  const heads = [['Id', 'm-id'], ['Similarity', 'c-similarity'], ['Title', 'm-title']]
    .map(([text, name]) => make('th', { scope: 'col', class: name, text }));
  const head = make('thead', {}, make('tr', { 'aria-rowindex': 1 }, ...heads));
  const table = make('table', { class: 'rows', 'aria-label': 'Members' }, head, body);
  return make('div', { class: 'scroll members' }, table);
};

/** The list of all members, with a filter. */
const drawMembers = (view) => {
  const { ids, titles } = view.data;
  const body = make('tbody');
  const scroller = memberTable(body);
  const hits = make('span', { class: 'muted', 'aria-live': 'polite' });
  const input = make('input', {
    type: 'search', id: 'filter', autocomplete: 'off', spellcheck: 'false', placeholder: 'Filter id or title' });
  const only = make('input', { type: 'checkbox' });
  let shown = [];
  view.rows = new Rows(body, scroller, (i) => memberRow(view, shown[i]));
  view.showMembers = () => {
    const words = plain(input.value).split(/\s+/u).filter(Boolean);
    const fits = (m) => words.every((word) => plain(`${ids[m]}\n${titles[m]}`).includes(word));
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

// ---------------------------------------------------------------- matrix of similarities

/** Similarities of all embedded texts, row after row; the page stays usable meanwhile. */
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

/** An order in which like stands beside like: from the first always on to the nearest one left. */
const chain = (values, n, first) => {
  const [order, left] = [[first], new Set(Array.from({ length: n }, (_, i) => i))];
  left.delete(first);
  while (left.size) {
    const row = order.at(-1) * n;
    let best = -1;
    for (const i of left) if (best < 0 || values[row + i] > values[row + best]) best = i;
    order.push(best);
    left.delete(best);
  }
  return order;
};

/** Size of a cell: small clusters get no giant squares, large ones fit. */
const cellSize = ({ canvas, n }) => clamp(Math.floor(Math.min(460, canvas.parentNode.clientWidth) / n), 1, CELL);

/** Paints the heat map with the colours of its legend, and the figures where there is room. */
const paintMatrix = (map) => {
  const { canvas, values, order, n } = map;
  if (!values) return;
  const cell = map.cell = cellSize(map);
  const dots = Math.max(1, Math.round(devicePixelRatio));
  const gap = cell > 6 ? 1 : 0;
  canvas.width = canvas.height = n * cell * dots;
  canvas.style.width = canvas.style.height = `${n * cell}px`;
  const pen = canvas.getContext('2d');
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

/** Points at a cell: a frame around it, its two texts and their similarity in words. */
const pointMatrix = (map, x, y) => {
  Object.assign(map, { x: clamp(x, 0, map.n - 1), y: clamp(y, 0, map.n - 1) });
  const [a, b] = [map.order[map.y], map.order[map.x]];
  const [left, top, size] = [map.x, map.y, 1].map((cells) => `${cells * map.cell}px`);
  Object.assign(map.frame.style, { left, top, width: size, height: size });
  map.frame.hidden = false;
  const { ids } = map.view.data;
  const id = (t) => quote(ids[map.view.texts.members[t]], { class: 'mono' });
  map.readout.replaceChildren(make('b', { text: ratio(map.values[a * map.n + b]) }), ' ', id(a), ' and ', id(b));
};

/** Pointer and keys of the heat map. */
const listenMatrix = (map) => {
  const { canvas, view } = map;
  const at = (event) => [Math.floor(event.offsetX / map.cell), Math.floor(event.offsetY / map.cell)];
  const open = () => map.values && view.choose(map.order[map.y], map.order[map.x], true);
  canvas.addEventListener('pointermove', (event) => map.values && pointMatrix(map, ...at(event)));
  canvas.addEventListener('focus', () => map.values && pointMatrix(map, map.x, map.y));
  canvas.addEventListener('click', (event) => { if (map.values) { pointMatrix(map, ...at(event)); open(); } });
  canvas.addEventListener('keydown', (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); open(); }
    if (!move || !map.values) return;
    event.preventDefault();
    pointMatrix(map, map.x + move[0], map.y + move[1]);
  });
};

/** What the matrix says, in one sentence. */
const matrixWords = (values, n) => {
  const pairs = values.filter((_, i) => i % n > Math.floor(i / n)).sort();
  const [least, mean, most] = [pairs[0], sum(pairs) / pairs.length, pairs.at(-1)].map(ratio);
  return `${plural(pairs.length, 'pair')} of ${count(n)} texts: least ${least}, mean ${mean}, greatest ${most}.`;
};

/** Fills the heat map when the similarities are there. */
const fillMatrix = async (map, words) => {
  const { view, n } = map;
  const values = await similarities(view.texts, () => view === state.open);
  if (!values) return;
  Object.assign(map, { values, order: chain(values, n, view.first) });
  paintMatrix(map);
  words.textContent = n > 3 ? `${matrixWords(values, n)} Like texts stand beside each other.` : '';
  map.readout.textContent = 'Point at a square, click to see its two texts side by side.';
};

/** The heat map of similarities. */
const drawMatrix = (view) => {
  const n = view.texts.members.length;
  if (n < 2) return null;
  const canvas = make('canvas', { tabindex: 0, role: 'application', 'aria-label': 'Heat map of similarities. '
    + 'Arrow keys move, Enter shows the two texts side by side. The two lists below choose the same.' });
  const frame = make('span', { class: 'frame', hidden: true });
  const readout = make('p', { class: 'readout', 'aria-live': 'polite', text: 'Computing…' });
  const map = view.map = { view, canvas, swatches: swatches('heat', MATRIX_STEPS), n, x: 1, y: 0, frame, readout };
  listenMatrix(map);
  const words = remark('');
  fillMatrix(map, words);
  return section('Similarity of texts', '', 'matrix', words, make('div', { class: 'map' }, canvas, frame),
    make('p', { class: 'key' }, make('span', { class: 'ramp' }, '0 ', ...map.swatches, ' 1')), readout);
};

// ---------------------------------------------------------------- two members side by side

/** What a frame is, in words. */
const frameWords = (holders) => `shared by ${plural(holders, 'article')} that have nothing else in common: not counted`;

/** A piece of a text that is in no passage. */
const unmarked = (piece, rank, frames) => {
  if (rank === AGAIN) return span('again', piece);
  if (rank > FRAME) return piece;
  return make('span', { class: 'furniture', title: frameWords(frames[FRAME - rank][2]), data: { testid: 'furniture' },
    text: piece });
};

/** The text of one side, cut at the borders of its passages. */
const markedText = (text, { owner, differs }, passages, frames) => {
  const nodes = [];
  const most = passages[0]?.weight || 1;
  const known = new Set();
  for (let from = 0, to; from < text.length; from = to) {
    for (to = from + 1; to < text.length && owner[to] === owner[from] && differs[to] === differs[from];) to += 1;
    const rank = owner[from];
    const piece = text.slice(from, to);
    if (rank < 0) { nodes.push(unmarked(piece, rank, frames)); continue; }
    const last = nodes.at(-1);
    const goesOn = from > 0 && owner[from - 1] === rank;
    const home = goesOn ? last : markOf(rank, passages[rank].weight, most, !known.has(rank));
    known.add(rank);
    home.append(differs[from] ? make('span', { class: 'variant', text: piece }) : piece);
    if (home !== last) nodes.push(home);
  }
  return nodes;
};

/** A marked passage; only the first piece of one takes the focus. */
const markOf = (rank, weight, most, first) => make('mark', {
  class: `weight-${shade(weight / most)}`, role: first ? 'button' : null, tabindex: first ? -1 : null,
  'aria-description': first ? `passage ${rank + 1}, weight ${weight.toFixed(3)}; Enter shows its partner` : null,
  data: { testid: 'passage', passage: rank } });

/** Scrolls a pane so that a passage is in its sight. */
const bring = (pane, rank) => {
  const mark = pane.querySelector(`[data-passage="${rank}"]`);
  if (!mark) return;
  const shift = mark.getBoundingClientRect().top - pane.getBoundingClientRect().top;
  pane.scrollTo({ top: pane.scrollTop + shift - pane.clientHeight / 3, behavior: glide() });
};

/** Lights up a passage on both sides and in the list. */
const light = (box, rank) => {
  if (box.lit === rank) return;
  box.lit = rank;
  for (const node of box.querySelectorAll('.lit')) node.classList.remove('lit');
  if (rank === undefined) return;
  for (const node of box.querySelectorAll(`[data-passage="${rank}"]`)) node.classList.add('lit');
};

/** Goes to the next or last passage of a pane. */
const step = (pane, mark, by) => {
  const stops = [...pane.querySelectorAll('mark[tabindex]')];
  const next = stops[stops.indexOf(mark) + by];
  if (!next) return;
  mark.tabIndex = -1;
  next.tabIndex = 0;
  next.focus({ preventScroll: true });
  bring(pane, Number(next.dataset.passage));
};

/** Links the passages of the two sides and of the list by pointer and keys. */
const linkPassages = (box, panes) => {
  const rankOf = (event) => event.target.closest('[data-passage]')?.dataset.passage;
  const follow = (event) => {
    const rank = rankOf(event);
    if (rank === undefined) return;
    const here = panes.find((pane) => pane.contains(event.target));
    for (const pane of panes) if (pane !== here) bring(pane, rank);
    light(box, rank);
  };
  box.addEventListener('pointerover', (event) => light(box, rankOf(event)));
  box.addEventListener('pointerleave', () => light(box));
  box.addEventListener('focusin', (event) => light(box, rankOf(event)));
  box.addEventListener('click', follow);
  box.addEventListener('keydown', (event) => {
    const mark = event.target.closest('mark');
    if (!mark) return;
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === 'Enter' || event.key === ' ') follow(event);
    if (by) step(mark.closest('.pane'), mark, by);
    if (by || event.key === 'Enter' || event.key === ' ') event.preventDefault();
  });
};

/** A choice among the embedded texts. */
const chooser = (view, side) => {
  const { ids, titles } = view.data;
  const option = (m, t) => {
    const node = make('option', { value: t, text: isolate(ids[m]) });
    if (titles[m]) node.append(` — ${isolate(titles[m])}`);
    return node;
  };
  return make('select', { data: { testid: `${side}-select` } }, ...view.texts.members.map(option));
};

/** A button of the list of passages. */
const passageItem = ({ weight }, rank, snippet, most) => make('li', {},
  make('button', { type: 'button', class: 'item', data: { passage: rank } },
    span('n', `${rank + 1}`), bar(weight / most), span('n', weight.toFixed(3)),
    quote(snippet.slice(0, 400).replace(/\s+/gu, ' '))));

/** Explains the colour of frames that so many articles hold. */
const frameKey = (holders) => {
  const [least, most] = [Math.min(...holders), Math.max(...holders)];
  const range = least < most ? `${count(least)} to ${plural(most, 'article')}` : plural(most, 'article');
  return make('span', { data: { testid: 'frame-key' } }, span('furniture', 'frame'),
    ` shared by ${range} that have nothing else in common: not counted`);
};

/** Explains the marks. */
const pairKey = (holders) => [
  make('span', {}, 'shared passage, light ', ...swatches('weight', STEPS), ' heavy'),
  make('span', {}, span('variant weight-1', '續費'),
    ' written otherwise in the other text, equal after folding (as 續費 and 续费)'),
  make('span', {}, span('again', 'shared'), ' said again, counted once'),
  ...(holders.length ? [frameKey(holders)] : []),
  span('pointer', 'click a passage to see its partner'),
];

/** The parts of the side-by-side view. */
const pairParts = (view) => ({
  choices: ['left', 'right'].map((side) => chooser(view, side)),
  panes: ['left', 'right'].map((side) => make('div', {
    class: 'pane', tabindex: 0, role: 'region', 'aria-label': `${side} text`,
    data: { testid: `${side}-text` } })),
  output: make('output', { class: 'big', data: { testid: 'pair-similarity' } }),
  verdict: make('span', { class: 'muted' }),
  key: make('p', { class: 'key' }),
  items: make('ol', { class: 'passages', data: { testid: 'passage-list' }, 'aria-label': 'Shared passages by weight' }),
  swap: make('button', { type: 'button', class: 'quiet swap', 'aria-label': 'Swap the two texts', text: '⇄' }),
});

/** Puts the parts of the side-by-side view together. */
const pairBox = ({ choices: [left, right], panes, output, verdict, key, items, swap }) => make('div', { class: 'pair' },
  make('div', { class: 'choice' }, make('label', {}, make('span', { text: 'Left' }), left), swap,
    make('label', {}, make('span', { text: 'Right' }), right)),
  make('p', { class: 'verdict' }, output, verdict),
  key,
  make('div', { class: 'panes' }, ...panes),
  make('h3', { text: 'Passages by weight' }), items);

/** The side-by-side view; `view.choose(a, b)` draws two texts into it. */
const drawPair = (view) => {
  const few = 'Fewer than two texts of this cluster are in this page.';
  if (view.texts.members.length < 2) return section('Side by side', few);
  const parts = pairParts(view);
  const { choices: [left, right], panes, swap } = parts;
  const box = pairBox(parts);
  const whole = section('Side by side', sampleWords(view), null, box);
  linkPassages(box, panes);
  view.choose = (a, b, go = false) => {
    [left.value, right.value] = [a, b];
    showPair(confront(view.texts, a, b), view.texts, [a, b], parts);
    light(box);
    document.documentElement.dataset.pair = `${a}-${b}`;
    if (!go) return;
    whole.scrollIntoView({ behavior: glide() });
    panes[0].focus({ preventScroll: true });
  };
  const chosen = () => view.choose(Number(left.value), Number(right.value));
  for (const choice of [left, right]) choice.addEventListener('change', chosen);
  swap.addEventListener('click', () => view.choose(Number(right.value), Number(left.value)));
  view.compareWith = (t) => view.choose(Number(left.value), t, true);
  return whole;
};

/** Fills the side-by-side view. */
const showPair = (result, { text, frames }, [a, b], { panes, items, output, verdict, key }) => {
  const { similarity, passages, snippets } = result;
  const most = passages[0]?.weight || 1;
  [[a, result.left], [b, result.right]].forEach(([t, painted], i) => {
    panes[i].replaceChildren(...markedText(text[t], painted, passages, frames[t]));
    panes[i].scrollTop = 0;
    const first = panes[i].querySelector('mark[tabindex]');
    if (first) first.tabIndex = 0;
  });
  output.textContent = ratio(similarity);
  const carried = sum(passages.slice(0, HEAVIEST).map(({ weight }) => weight)) / (similarity || 1);
  const heaviest = passages.length > HEAVIEST ? `; the three heaviest carry ${percent(Math.min(1, carried))} of it` : '';
  const shared = `${plural(passages.length, 'shared passage')}, whose weights add up to the similarity${heaviest}`;
  key.replaceChildren(...pairKey([...frames[a], ...frames[b]].map(([, , holders]) => holders)));
  verdict.textContent = a === b ? 'the same text on both sides' : `${SCALE[grade(similarity)].name} · ${shared}`;
  items.replaceChildren(...passages.map((passage, rank) => passageItem(passage, rank, snippets[rank], most)));
};

// ---------------------------------------------------------------- one campaign

/** Places of nodes that hold together what is tied: springs and repulsion, the same every time. */
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
  const spread = (values, size, margin) => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const scale = most > least ? (size - 2 * margin) / (most - least) : 0;
    return Array.from(values, (value) => (scale ? margin + (value - least) * scale : size / 2));
  };
  return [spread(x, width, Math.min(72, width / 6)), spread(y, height, 36)];
};

/** A cluster or lone article in the picture: a circle whose area grows with its size, which opens it. */
const webPart = ([id, size, number], x, y, most, room) => {
  const radius = 4 + room * Math.sqrt(size / most);
  const words = number < 0 ? `lone article ${isolate(id)}`
    : `cluster ${count(number + 1)}: ${plural(size, 'article')}, represented by ${isolate(id)}`;
  const circle = draw('circle', { class: number < 0 ? 'part alone' : 'part', cx: x, cy: y, r: radius });
  const props = { data: { tip: words, testid: 'web-part' } };
  if (number < 0) return draw('g', props, circle);
  return draw('a', { ...props, href: `#cluster-${number + 1}`, 'aria-label': words }, circle,
    draw('text', { x, y: y - radius - 3, 'text-anchor': 'middle', text: `#${count(number + 1)}` }));
};

/** A name in the picture: a small square. */
const webName = ([kind, value, inside, outside], x, y) => draw('g', {
  data: { tip: `${kind} ${isolate(value)}: held by ${count(inside)} texts inside, ${count(outside)} outside`, testid: 'web-name' } },
draw('rect', { class: 'naming', x: x - 5, y: y - 5, width: 10, height: 10 }),
draw('rect', { class: 'catch', x: x - 9, y: y - 9, width: 18, height: 18 }),
draw('text', { x, y: y + 17, 'text-anchor': 'middle', text: isolate(value.length > 22 ? `${value.slice(0, 21)}…` : value) }));

/** A line in the picture, with a wider one to point at. */
const webLine = (name, ends, width, props) => draw('g', props,
  draw('line', { ...ends, class: name, 'stroke-width': width }), draw('line', { ...ends, class: 'reach' }));

/** What links what: clusters and lone articles as circles, links as lines, names as squares between their holders. */
const drawWeb = (place, { nodes, names, links }) => {
  const width = clamp(place.clientWidth || 640, 280, 1200);
  const height = clamp(Math.round(width * 0.6), 260, 480);
  const holds = names.flatMap(([, , , , held], k) => held.map((i) => [nodes.length + k, i]));
  const [x, y] = settle(nodes.length + names.length, [...links, ...holds], width, height);
  const ends = (i, j) => ({ x1: x[i], y1: y[i], x2: x[j], y2: y[j] });
  const most = Math.max(...nodes.map(([, size]) => size), 1);
  const room = clamp((0.06 * width) / Math.sqrt(nodes.length), 5, 18);
  const tips = (words, testid) => ({ data: { tip: words, testid } });
  const words = `${plural(nodes.length, 'cluster or lone article', 'clusters and lone articles')}, `
    + `${plural(links.length, 'link')} and ${plural(names.length, 'name')}. The table of links says the same in words.`;
  place.replaceChildren(draw('svg', { viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': words },
    ...holds.map(([i, j]) => draw('line', { ...ends(i, j), class: 'hold' })),
    ...links.map(([i, j, strength, why]) => webLine('tie', ends(i, j), 1 + 5 * clamp(strength, 0, 1),
      tips(`strength ${ratio(strength)}: ${why}`, 'web-link'))),
    ...nodes.map((node, i) => webPart(node, x[i], y[i], most, room)),
    ...names.map((name, k) => webName(name, x[nodes.length + k], y[nodes.length + k]))));
};

/** The picture with its legend. */
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

/** The clusters and lone articles of a campaign. */
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

/** Why a campaign is one, in words. */
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

/** The frames that members hold; most campaigns have none. */
const drawHeldFrames = ({ frames }) => (frames.length ? section('Frames', 'Not counted.', 'campaign-frames',
  boxed('Table of frames', facts(['Held by', 'Alike elsewhere', 'Passage'], frames.map(frameRow)))) : null);

/** Draws a campaign into the page. */
const drawCampaign = (k, data) => {
  const row = state.summary.campaigns.rows[k];
  const [picture, fill] = drawGraph(data);
  $('campaign').replaceChildren(make('header', { class: 'head' },
    make('nav', { 'aria-label': 'Campaigns' },
      make('a', { class: 'quiet', href: '#clusters', data: { testid: 'close-campaign' }, text: '← Overview' })),
    make('h1', { tabindex: -1 }, `Campaign ${count(k + 1)} `, span('badge', plural(row.articles, 'article'))),
    make('p', { class: 'muted' }, `${partWords(row)} · represented by `, quote(row.label, { class: 'mono' }))),
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

/** Opens campaign number k + 1; a later call wins. */
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
    complain(`Campaign ${count(k + 1)} cannot be read from this file (${error.message}). Make the report again.`);
    return;
  }
  scrollTo({ top: 0, behavior: 'instant' });
  $('campaign').querySelector('h1').focus({ preventScroll: true });
  document.title = `Campaign ${k + 1} – ${state.summary.title}`;
  document.documentElement.dataset.campaign = String(k + 1);
};

/** The way from a cluster to its campaign, where that has others. */
const campaignLink = (k) => {
  const number = state.summary.campaigns.of[k];
  if (number === null) return [];
  return [' · in ', make('a', { href: `#campaign-${number + 1}`, data: { testid: 'to-campaign' },
    text: `campaign ${count(number + 1)}` })];
};

// ---------------------------------------------------------------- opening and closing

/** The embedded representative, and of the other texts the one most like it. */
const defaults = ({ ids, similarity }, texts, id) => {
  const like = (t) => similarity[texts.members[t]] ?? -1;
  const all = texts.members.map((_, t) => t).sort((x, y) => like(y) - like(x) || x - y);
  const first = all.find((t) => ids[texts.members[t]] === id) ?? all[0] ?? 0;
  return [first, all.find((t) => t !== first) ?? first];
};

/** The way back and to the neighbours in the table. */
const drawWays = (k) => {
  const at = state.order.indexOf(k);
  const way = (by, name, arrow) => {
    const to = at < 0 ? undefined : state.order[at + by];
    if (to === undefined) return null;
    const words = `${name} cluster of the table`;
    return make('a', { class: 'quiet', href: `#cluster-${to + 1}`, 'aria-label': words, text: `${arrow} ${name}` });
  };
  const back = make('a', { class: 'quiet', href: '#clusters', data: { testid: 'close' }, text: '← All clusters' });
  return make('nav', { 'aria-label': 'Clusters' },
    back, span('grow', ''), way(-1, 'Previous', '↑'), way(1, 'Next', '↓'));
};

/** The head of a cluster: ways, title, figures. */
const drawHead = (view) => {
  const { k } = view;
  const { size, similarity, label: ids } = state.summary.clusters;
  const sampled = sampleWords(view);
  return make('header', { class: 'head' }, drawWays(k),
    make('h1', { tabindex: -1 }, quote(titleOf(k) || 'Untitled'), ' ', span('badge', plural(size[k], 'article'))),
    make('p', { class: 'muted' },
      `Cluster ${count(k + 1)} · mean similarity ${ratio(similarity[k])} · representative `,
      quote(ids[k], { class: 'mono' }),
      ...campaignLink(k), sampled ? ` · ${sampled[0].toLowerCase()}${sampled.slice(1)}` : ''));
};

/** Buttons that scroll to the parts of a cluster; addresses are kept for whole clusters. */
const drawJumps = (place) => {
  const buttons = [...place.querySelectorAll('section')].map((part) => make('button', {
    type: 'button', class: 'jump', text: part.querySelector('h2').textContent,
    on: { click: () => part.scrollIntoView({ behavior: glide() }) } }));
  return make('nav', { class: 'jumps', 'aria-label': 'Parts of this cluster' }, ...buttons);
};

/** Draws a cluster into the page. */
const drawCluster = (k, data) => {
  const texts = unpack(data.texts);
  const [first, second] = defaults(data, texts, state.summary.clusters.label[k]);
  const place = new Map(texts.members.map((m, t) => [m, t]));
  const view = state.open = { k, data, texts, first, place, choose: () => {}, compareWith: () => {} };
  delete document.documentElement.dataset.pair;
  const side = make('div', { class: 'stack' }, drawIndicators(data), drawKeywords(data));
  $('cluster').replaceChildren(drawHead(view),
    make('div', { class: 'columns' }, drawTemplate(data.template), side),
    make('div', { class: 'columns even' }, drawMembers(view), drawMatrix(view)),
    drawPair(view));
  $('cluster').querySelector('.head').append(drawJumps($('cluster')));
  leave();
  delete document.documentElement.dataset.campaign;
  $('overview').hidden = true;
  $('cluster').hidden = false;
  view.showMembers();
  if (texts.members.length > 1) view.choose(first, second);
};

/** Opens cluster number k + 1; a later call wins. */
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
    complain(`Cluster ${count(k + 1)} cannot be read from this file (${error.message}). Make the report again.`);
    return;
  }
  scrollTo({ top: 0, behavior: 'instant' });
  $('cluster').querySelector('h1').focus({ preventScroll: true });
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

/** Shows what the address asks for. */
const route = () => {
  complain('');
  const match = /^#(cluster|campaign)-(\d+)$/u.exec(location.hash);
  const { clusters, campaigns } = state.summary;
  const [what, k] = match ? [match[1], Number(match[2]) - 1] : ['cluster', -1];
  const all = what === 'cluster' ? clusters.size.length : campaigns.rows.length;
  if (k >= 0 && k < all) { (what === 'cluster' ? openCluster : openCampaign)(k); return; }
  showOverview();
  if (match) complain(`There is no ${what} ${match[2]}; this report has ${plural(all, what)}.`);
};

// ---------------------------------------------------------------- theme, keys, start

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
})();
