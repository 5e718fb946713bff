// Small things: words and figures, and elements that show them. Article text is data: it reaches the page as text nodes,
// never as markup, links or styles.

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
