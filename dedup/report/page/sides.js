// Two texts side by side, with the passages that they share.

/** What a frame is, in words. @type {(holders: number) => string} */
const frameWords = (holders) => `shared by ${plural(holders, 'article')} that have nothing else in common: not counted`;

/** A piece of a text that is in no passage. @type {(piece: string, rank: number, frames: Span[]) => Node | string} */
const unmarked = (piece, rank, frames) => {
  if (rank === AGAIN) return span('again', piece);
  if (rank > FRAME) return piece;
  return make('span', { class: 'furniture', title: frameWords(frames[FRAME - rank][2]), data: { testid: 'furniture' },
    text: piece });
};

/**
 * The text of one side, cut at the borders of its passages.
 * @type {(text: string, painted: Painted, passages: Passage[], frames: Span[]) => (Node | string)[]}
 */
const markedText = (text, { owner, differs }, passages, frames) => {
  /** @type {(Node | string)[]} */
  const nodes = [];
  let home = null;
  const most = passages[0]?.weight || 1;
  const known = new Set();
  for (let from = 0, to; from < text.length; from = to) {
    for (to = from + 1; to < text.length && owner[to] === owner[from] && differs[to] === differs[from];) to += 1;
    const rank = owner[from];
    const piece = text.slice(from, to);
    if (rank < 0) { nodes.push(unmarked(piece, rank, frames)); continue; }
    if (!home || owner[from - 1] !== rank) {
      home = markOf(rank, passages[rank].weight, most, !known.has(rank));
      nodes.push(home);
    }
    known.add(rank);
    home.append(differs[from] ? make('span', { class: 'variant', text: piece }) : piece);
  }
  return nodes;
};

/**
 * A marked passage; only the first piece of one takes the focus.
 * @type {(rank: number, weight: number, most: number, first: boolean) => HTMLElement}
 */
const markOf = (rank, weight, most, first) => make('mark', {
  class: `weight-${shade(weight / most)}`, role: first ? 'button' : null, tabindex: first ? -1 : null,
  'aria-description': first ? `passage ${rank + 1}, weight ${weight.toFixed(3)}; Enter shows its partner` : null,
  data: { testid: 'passage', passage: rank } });

/** Scrolls a pane so that a passage is in its sight. @type {(pane: HTMLElement, rank?: string) => void} */
const bring = (pane, rank) => {
  const mark = pane.querySelector(`[data-passage="${rank}"]`);
  if (!mark) return;
  const shift = mark.getBoundingClientRect().top - pane.getBoundingClientRect().top;
  pane.scrollTo({ top: pane.scrollTop + shift - pane.clientHeight / 3, behavior: glide() });
};

/** Lights up a passage on both sides and in the list. @type {(box: HTMLElement, rank?: string) => void} */
const light = (box, rank) => {
  const was = /** @type {HTMLElement | null} */ (box.querySelector('.lit'));
  if (was?.dataset.passage === rank) return;
  for (const node of box.querySelectorAll('.lit')) node.classList.remove('lit');
  if (rank === undefined) return;
  for (const node of box.querySelectorAll(`[data-passage="${rank}"]`)) node.classList.add('lit');
};

/** The marks of a pane that take the focus. @type {(pane: HTMLElement) => HTMLElement[]} */
const stopsOf = (pane) => [...pane.querySelectorAll('mark')].filter((mark) => mark.hasAttribute('tabindex'));

/** Goes to the next or last passage of a pane. @type {(pane: HTMLElement, mark: HTMLElement, by: number) => void} */
const step = (pane, mark, by) => {
  const stops = stopsOf(pane);
  const next = stops[stops.indexOf(mark) + by];
  if (!next) return;
  mark.tabIndex = -1;
  next.tabIndex = 0;
  next.focus({ preventScroll: true });
  bring(pane, next.dataset.passage);
};

/**
 * Links the passages of the two sides and of the list by pointer and keys.
 * @type {(box: HTMLElement, panes: HTMLElement[]) => void}
 */
const linkPassages = (box, panes) => {
  const rankOf = (/** @type {Event} */ event) => around(event, '[data-passage]')?.dataset.passage;
  const follow = (/** @type {Event} */ event) => {
    const rank = rankOf(event);
    if (rank === undefined) return;
    const here = panes.find((pane) => pane.contains(/** @type {Node} */ (event.target)));
    for (const pane of panes) if (pane !== here) bring(pane, rank);
    light(box, rank);
  };
  box.addEventListener('pointerover', (event) => light(box, rankOf(event)));
  box.addEventListener('pointerleave', () => light(box));
  box.addEventListener('focusin', (event) => light(box, rankOf(event)));
  box.addEventListener('click', follow);
  box.addEventListener('keydown', (event) => {
    const mark = around(event, 'mark');
    if (!mark) return;
    const by = Number(event.key === 'ArrowRight') - Number(event.key === 'ArrowLeft');
    if (event.key === 'Enter' || event.key === ' ') follow(event);
    const pane = panes.find((one) => one.contains(mark));
    if (by && pane) step(pane, mark, by);
    if (by || event.key === 'Enter' || event.key === ' ') event.preventDefault();
  });
};

/**
 * A button of the list of passages.
 * @type {(passage: Passage, rank: number, snippet: string, most: number) => HTMLElement}
 */
const passageItem = ({ weight }, rank, snippet, most) => make('li', {},
  make('button', { type: 'button', class: 'item', data: { passage: rank } },
    span('n', `${rank + 1}`), bar(weight / most), span('n', weight.toFixed(3)),
    quote(snippet.slice(0, 400).replace(/\s+/gu, ' '))));

/** Explains the colour of frames that so many articles hold. @type {(holders: number[]) => HTMLElement} */
const frameKey = (holders) => {
  const [least, most] = [Math.min(...holders), Math.max(...holders)];
  const range = least < most ? `${count(least)} to ${plural(most, 'article')}` : plural(most, 'article');
  return make('span', { data: { testid: 'frame-key' } }, span('furniture', 'frame'),
    ` shared by ${range} that have nothing else in common: not counted`);
};

/** Explains the marks. @type {(holders: number[]) => HTMLElement[]} */
const pairKey = (holders) => [
  make('span', {}, 'shared passage, light ', ...swatches('weight', STEPS), ' heavy'),
  make('span', {}, span('variant weight-1', '續費'),
    ' written otherwise in the other text, equal after folding (as 續費 and 续费)'),
  make('span', {}, span('again', 'shared'), ' said again, counted once'),
  ...(holders.length ? [frameKey(holders)] : []),
  span('pointer', 'click a passage to see its partner'),
];

/** Both texts, the key of their marks, and the list of passages, empty at first. @type {() => Sides} */
const sideParts = () => ({
  panes: ['left', 'right'].map((side) => make('div', {
    class: 'pane', tabindex: 0, role: 'region', 'aria-label': `${side} text`,
    data: { testid: `${side}-text` } })),
  key: make('p', { class: 'key' }),
  items: make('ol', { class: 'passages', data: { testid: 'passage-list' }, 'aria-label': 'Shared passages by weight' }),
});

/**
 * Fills them.
 * @type {(result: Confronted, texts: Texts, chosen: [number, number], parts: Sides) => void}
 */
const showSides = (result, { text, frames }, [a, b], { panes, key, items }) => {
  const { passages, snippets } = result;
  const most = passages[0]?.weight || 1;
  [a, b].forEach((t, i) => {
    const painted = i ? result.right : result.left;
    panes[i].replaceChildren(...markedText(text[t], painted, passages, frames[t]));
    panes[i].scrollTop = 0;
    const [first] = stopsOf(panes[i]);
    if (first) first.tabIndex = 0;
  });
  key.replaceChildren(...pairKey([...frames[a], ...frames[b]].map(([, , holders]) => holders)));
  items.replaceChildren(...passages.map((passage, rank) => passageItem(passage, rank, snippets[rank], most)));
};
