// Small things: words and figures, and elements that show them. Article text is data: it reaches the page as text nodes,
// never as markup, links or styles.

/** An element of page.html. */
const $ = /** @type {FindPart} */ ((id) => document.getElementById(id));
const formats = { whole: new Intl.NumberFormat('en'), short: new Intl.NumberFormat('en', { notation: 'compact' }) };
/** @type {(n: number) => string} */
const count = (n) => formats.whole.format(n);
/** @type {(n: number, one: string, many?: string) => string} */
const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
/** @type {(x: number | null | undefined) => string} */
const ratio = (x) => (x === null || x === undefined ? '–' : x.toFixed(x < 0.01 && x > 0 ? 3 : 2));
/** @type {(x: number) => string} */
const percent = (x) => `${(100 * x).toFixed(x >= 0.1 || x === 0 ? 0 : 1)} %`;
/** @type {(x: number, low: number, high: number) => number} */
const clamp = (x, low, high) => Math.max(low, Math.min(high, x));
/** @type {(values: Iterable<number>) => number} */
const sum = (values) => Array.from(values).reduce((a, b) => a + b, 0);
const STEPS = 5;
/** Which of five shades a share from 0 to 1 has. @type {(x: number) => number} */
const shade = (x) => clamp(Math.ceil(x * STEPS) - 1, 0, STEPS - 1);
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
/** @type {() => ScrollBehavior} */
const glide = () => (calm() ? 'auto' : 'smooth');
/** @type {(text: string) => string} */
const isolate = (text) => `\u2068${text}\u2069`;

/**
 * Sets text, class, dataset, listeners and attributes; the names are ours, only values come from data.
 * @type {<T extends HTMLElement | SVGElement>(node: T, props: Props) => T}
 */
const dress = (node, { text, data, on = {}, ...attributes }) => {
  if (text !== undefined) node.textContent = text;
  Object.assign(node.dataset, data);
  for (const [type, call] of Object.entries(on)) node.addEventListener(type, call);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? '' : String(value));
  }
  return node;
};

/** An HTML element with properties and children. @type {Make} */
const make = (tag, props = {}, ...children) => {
  const node = dress(document.createElement(tag), props);
  node.append(...children.filter((child) => child !== null));
  return node;
};

/** An SVG element with properties and children. @type {Draw} */
const draw = (tag, props = {}, ...children) => {
  const node = dress(document.createElementNS('http://www.w3.org/2000/svg', tag), props);
  node.append(...children);
  return node;
};

/**
 * Text of an article: kept apart from the direction of what stands around it.
 * @type {(text: string, props?: Props) => HTMLElement}
 */
const quote = (text, props = {}) => make('bdi', { text, ...props });

/** A small piece of our own words. @type {(name: string, text: string) => HTMLElement} */
const span = (name, text) => make('span', { class: name, text });

/** A remark under a heading. @type {(text: string) => HTMLElement} */
const remark = (text) => make('p', { class: 'note', text });

/** Squares of a legend, from the lightest to the strongest. @type {(name: string, steps: number) => HTMLElement[]} */
const swatches = (name, steps) => Array.from({ length: steps }, (_, i) => make('i', { class: `swatch ${name}-${i}` }));

/** A bar of a share from 0 to 1. @type {(value: number) => HTMLElement} */
const bar = (value) => {
  const fill = make('span');
  fill.style.width = `${clamp(100 * value, 0, 100)}%`;
  return make('span', { class: 'meter', 'aria-hidden': 'true' }, fill);
};

/** Says something to screen readers. @type {(text: string) => void} */
const say = (text) => { $('status').textContent = text; };

/** Shows a plain message in the page. @type {(text: string) => void} */
const complain = (text) => {
  $('message').textContent = text;
  $('message').hidden = !text;
};

/** Lets the page draw and answer before work goes on. @type {() => Promise<void>} */
const pause = () => new Promise((resume) => { setTimeout(resume); });

/** The small label that follows the pointer over a picture. @type {(event: PointerEvent, text?: string) => void} */
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

/** What a node holds that is surely there. @type {(node: ParentNode, selector: string) => HTMLElement} */
const within = (node, selector) => /** @type {HTMLElement} */ (node.querySelector(selector));

/** The nearest element around where something happened. @type {(event: Event, selector: string) => HTMLElement | null} */
const around = (event, selector) => /** @type {Element} */ (event.target).closest(selector);

/**
 * Shows the `data-tip` of whatever is under the pointer within a picture.
 * @type {<T extends HTMLElement>(picture: T) => T}
 */
const tipsOf = (picture) => {
  picture.addEventListener('pointermove', (event) => tip(event, around(event, '[data-tip]')?.dataset.tip));
  picture.addEventListener('pointerleave', (event) => tip(event, ''));
  return picture;
};

/**
 * Copies text and says whether it could; old browsers and plain files have no clipboard object.
 * @type {(text: string, button: HTMLElement) => Promise<void>}
 */
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
