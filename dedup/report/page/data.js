// What is embedded in the page: read, unpacked, and how alike two texts are.

const LEAST_LEFT = 2 ** -10; // of the weight of a shingle in a text however long

/**
 * Waits until a data element is there as a whole: the page is used while it still loads.
 * @type {(id: string) => Promise<HTMLElement>}
 */
const element = (id) => new Promise((found, missing) => {
  const look = () => {
    const node = document.getElementById(id);
    const loaded = document.readyState !== 'loading';
    if (node && (loaded || node.nextElementSibling)) return finish(() => found(node));
    return loaded ? finish(() => missing(new Error(`part ${id} is missing`))) : undefined;
  };
  const watcher = new MutationObserver(look);
  const finish = (/** @type {() => void} */ call) => {
    watcher.disconnect();
    document.removeEventListener('DOMContentLoaded', look);
    call();
  };
  watcher.observe(document.body, { childList: true });
  document.addEventListener('DOMContentLoaded', look);
  look();
});

/** Bytes of base64. @type {(text: string) => Uint8Array<ArrayBuffer>} */
const bytes = (text) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const chars = atob(text);
  const out = new Uint8Array(chars.length);
  for (let i = 0; i < chars.length; i += 1) out[i] = chars.charCodeAt(i);
  return out;
};

/** What went wrong, in words. @type {(error: unknown) => string} */
const reason = (error) => (error instanceof Error ? error.message : String(error));

/** The value packed in a data element. @type {(id: string) => Promise<any>} */
const load = async (id) => {
  const node = await element(id);
  try {
    const stream = new Blob([bytes(node.textContent.trim())]).stream().pipeThrough(new DecompressionStream('deflate'));
    return JSON.parse(await new Response(stream).text());
  } catch {
    throw new Error(`part ${id} is damaged`);
  }
};

/** Undoes run-length coding: [value, count, value, count, ...]. @type {(coded: Runs) => Int32Array} */
const expand = (coded) => {
  let total = 0;
  for (let i = 1; i < coded.length; i += 2) total += coded[i];
  const out = new Int32Array(total);
  for (let i = 0, at = 0; i < coded.length; i += 2) out.fill(coded[i], at, at += coded[i + 1]);
  return out;
};

/** Running sums, in place. @type {(steps: Int32Array) => Int32Array} */
const accumulate = (steps) => {
  for (let i = 1; i < steps.length; i += 1) steps[i] += steps[i - 1];
  return steps;
};

/**
 * The shared shingle at every position of a text, -1 where there is none.
 * @type {(runs: number[], length: number) => Int32Array}
 */
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

/** The embedded texts of a cluster, unpacked. @type {(embedded: Embedded) => Texts} */
const unpack = ({ members, of, text, total, weights, less, begins, starts, lengths, runs, frames }) => {
  const widths = lengths.map(expand);
  const firsts = starts.map((row) => accumulate(expand(row)));
  const numbers = runs.map((row, i) => sequence(row, widths[i].length));
  const distinct = numbers.map((row) => [...new Set(row)].filter((s) => s >= 0));
  const places = begins.map((row) => accumulate(expand(row)));
  /** @type {<T>(rows: T[]) => T[]} */
  const each = (rows) => of.map((t) => rows[t]); // a text that several members have is in the page once
  return { members, weights, text: each(text), total: each(total), less: each(less), begins: each(places),
    starts: each(firsts), widths: each(widths), numbers: each(numbers), distinct: each(distinct), frames: each(frames) };
};

/**
 * How much less a shingle weighs that two texts share: in a long text it is likelier to be there by chance.
 * @type {(texts: Texts, a: number, b: number) => number}
 */
const lessIn = (texts, a, b) => Math.max(texts.less[a], texts.less[b]);

/**
 * Weight of what a text, whose shared shingles are marked, has in common with another.
 * @type {(texts: Texts, a: number, marked: Uint8Array, b: number) => number}
 */
const common = (texts, a, marked, b) => {
  const less = lessIn(texts, a, b);
  let shared = 0;
  for (const s of texts.distinct[b]) if (marked[s]) shared += Math.max(texts.weights[s] - less, texts.weights[s] * LEAST_LEFT);
  return shared;
};

/** Marks the shared shingles of a text. @type {(texts: Texts, a: number) => Uint8Array} */
const marks = (texts, a) => {
  const marked = new Uint8Array(texts.weights.length);
  for (const s of texts.distinct[a]) marked[s] = 1;
  return marked;
};

/**
 * Similarity of two texts whose shared weight is known.
 * @type {(texts: Texts, a: number, b: number, shared: number) => number}
 */
const jaccard = (texts, a, b, shared) => {
  if (texts.text[a] === texts.text[b]) return 1;
  const union = texts.total[a] + texts.total[b] - shared;
  return union > 0 ? clamp(shared / union, 0, 1) : 0;
};
