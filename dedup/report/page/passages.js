// The passages of a pair of texts, as `dedup.evidence.passages` finds them.

const AGAIN = -2; // owner of what only repeats a passage
const FRAME = -3; // owner of what stands in the first frame of a text, and so on downward
const UNITS = 2 ** 16; // of a weight: every shingle has one at least
const PRODUCT = 16; // a shingle with more pairs of places than this is paired k-th with k-th

/** Where every shared shingle stands. @type {(row: Int32Array) => Map<number, number[]>} */
const places = (row) => {
  const out = new Map();
  row.forEach((s, i) => {
    if (s < 0) return;
    const known = out.get(s);
    if (known) known.push(i);
    else out.set(s, [i]);
  });
  return out;
};

/**
 * Maximal runs of equal shared shingles, each once: seeds come by position, so a diagonal's last end is enough.
 * @type {(left: Int32Array, right: Int32Array, leftAt: Int32Array, rightAt: Int32Array) => Waiting[]}
 */
const maximalRuns = (left, right, leftAt, rightAt) => {
  const [inLeft, inRight] = [places(left), places(right)];
  /** @type {[Map<number, number>, Map<number, number>, Waiting[]]} */
  const [ends, turns, runs] = [new Map(), new Map(), []];
  const grow = (/** @type {number} */ i, /** @type {number} */ j) => {
    if (i < (ends.get(j - i) ?? 0)) return;
    let [a, b, length] = [i, j, 1];
    const apart = leftAt[i] - rightAt[j];
    /** @type {(m: number, n: number) => boolean} */
    const agree = (m, n) => left[m] >= 0 && left[m] === right[n] && leftAt[m] - rightAt[n] === apart;
    while (a > 0 && b > 0 && agree(a - 1, b - 1)) { a -= 1; b -= 1; length += 1; }
    while (agree(a + length, b + length)) length += 1;
    ends.set(j - i, a + length);
    runs.push({ a, b, length, worth: 0, from: [a, b] });
  };
  left.forEach((s, i) => {
    const [ours, others] = [inLeft.get(s), inRight.get(s)];
    if (!ours || !others) return;
    const turn = turns.get(s) ?? 0;
    turns.set(s, turn + 1);
    if (ours.length * others.length <= PRODUCT) others.forEach((j) => grow(i, j));
    else if (turn < others.length) grow(i, others[turn]);
  });
  return runs;
};

/**
 * Which run comes later in a list that rises by worth; of equals the one that began earlier is taken first.
 * @type {(x: Waiting, y: Waiting) => number}
 */
const byWorth = (x, y) => x.worth - y.worth || y.from[0] - x.from[0] || y.from[1] - x.from[1];

/** Puts a run into such a list. @type {(list: Waiting[], run: Waiting) => void} */
const insert = (list, run) => {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byWorth(list[middle], run) > 0) high = middle;
    else low = middle + 1;
  }
  list.splice(low, 0, run);
};

/**
 * Passages two texts share, heaviest first (greedy string tiling, Wise 1993); weights add up to the similarity.
 * @type {(texts: Texts, a: number, b: number, union: number) => Passage[]}
 */
const tile = (texts, a, b, union) => {
  const left = texts.numbers[a];
  const covered = new Uint8Array(texts.weights.length);
  const seen = new Int32Array(texts.weights.length);
  const less = lessIn(texts, a, b);
  const worths = texts.weights.map((weight) => Math.round(Math.max(weight - less, weight * LEAST_LEFT) * UNITS)); // equal sums are equal
  let turn = 0;
  const appraise = (/** @type {Waiting} */ run) => {
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
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const run = appraise(next);
    if (run.length === 0 || run.worth === 0) continue;
    if (waiting.length && run.worth < waiting[waiting.length - 1].worth) { insert(waiting, run); continue; }
    for (let i = run.a; i < run.a + run.length; i += 1) covered[left[i]] = 1;
    out.push({ ...run, weight: union > 0 ? run.worth / UNITS / union : 0 });
  }
  return out.sort((x, y) => y.weight - x.weight || x.a - y.a);
};

/** Marks and characters that are not seen belong to the character before them. */
const MARKS = /[\p{M}\p{Cf}\p{DI}]*/uy;

/** How many UTF-16 units the character has that begins there. @type {(text: string, at: number) => number} */
const units = (text, at) => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);

/**
 * Where folded characters from..to (exclusive) begin and end in a text, one entry more than there are characters.
 * @type {(texts: Texts, t: number, from: number, to: number) => number[]}
 */
const borders = (texts, t, from, to) => {
  const begins = texts.begins[t].subarray(from, to);
  const last = begins[begins.length - 1];
  MARKS.lastIndex = last + units(texts.text[t], last);
  MARKS.test(texts.text[t]); // it always fits, if only nothing
  return [...begins, MARKS.lastIndex];
};

/**
 * Borders of a passage in both texts; a character that becomes several, some of which are in it, is left out.
 * @type {(texts: Texts, a: number, b: number, run: Run) => Borders}
 */
const reach = (texts, a, b, run) => {
  const last = run.a + run.length - 1;
  const [left, right] = [texts.starts[a][run.a], texts.starts[b][run.b]];
  const size = texts.starts[a][last] + texts.widths[a][last] - left;
  /** @type {(begins: Int32Array, i: number) => boolean} */
  const cut = (begins, i) => i === 0 || begins[i] !== begins[i - 1];
  const whole = (/** @type {number} */ i) => cut(texts.begins[a], left + i) && cut(texts.begins[b], right + i);
  let [from, to] = [0, size];
  while (from < size && !whole(from)) from += 1;
  while (to > from && !whole(to)) to -= 1;
  if (from === to) [from, to] = [0, size];
  return [borders(texts, a, left + from, left + to), borders(texts, b, right + from, right + to)];
};

/**
 * Tells `mark` what is written otherwise in the other text though it is equal when folded.
 * @type {(one: string, other: string, ours: number[], theirs: number[], mark: (from: number, to: number) => void) => void}
 */
const compare = (one, other, ours, theirs, mark) => {
  const size = Math.min(ours.length, theirs.length) - 1;
  for (let i = 0; i < size; i += 1) {
    if (ours[i] === ours[i + 1]) continue;
    const [mine, yours] = [one.slice(ours[i], ours[i + 1]), other.slice(theirs[i], theirs[i + 1])];
    if (mine.trim() === yours.trim()) continue;
    const same = mine.codePointAt(0) === yours.codePointAt(0);
    mark(ours[i] + (same ? units(mine, 0) : 0), ours[i + 1]);
  }
};

/**
 * Which passage owns every UTF-16 unit of a text, the heaviest first, and where it is written otherwise.
 * @type {(texts: Texts, t: number, other: number, spans: Borders[]) => Painted}
 */
const paint = (texts, t, other, spans) => {
  const owner = new Int32Array(texts.text[t].length).fill(-1);
  const differs = new Uint8Array(owner.length);
  spans.forEach(([ours, theirs], rank) => {
    for (let i = ours[0]; i < ours[ours.length - 1]; i += 1) if (owner[i] < 0) owner[i] = rank;
    compare(texts.text[t], texts.text[other], ours, theirs, (from, to) => {
      for (let i = from; i < to; i += 1) if (owner[i] === rank) differs[i] = 1;
    });
  });
  echo(texts, t, other, owner);
  furnish(texts, t, owner, texts.text[t] === texts.text[other]);
  return { owner, differs };
};

/**
 * Marks what says once more what a passage says, which adds no weight.
 * @type {(texts: Texts, t: number, other: number, owner: Int32Array) => void}
 */
const echo = (texts, t, other, owner) => {
  const held = marks(texts, other);
  texts.numbers[t].forEach((s, i) => {
    if (s < 0 || !held[s]) return;
    const first = texts.starts[t][i];
    const last = texts.begins[t][first + texts.widths[t][i] - 1];
    const end = last + units(texts.text[t], last);
    for (let k = texts.begins[t][first]; k < end; k += 1) if (owner[k] === -1) owner[k] = AGAIN;
  });
};

/**
 * Marks what stands in frames and is not counted; in equal texts, whose one passage is all of them, too.
 * @type {(texts: Texts, t: number, owner: Int32Array, equal: boolean) => void}
 */
const furnish = (texts, t, owner, equal) => texts.frames[t].forEach(([from, to], k) => {
  for (let i = from; i < to; i += 1) if (equal || owner[i] === -1) owner[i] = FRAME - k;
});

/** Everything the side-by-side view shows of two texts. @type {(texts: Texts, a: number, b: number) => Confronted} */
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
