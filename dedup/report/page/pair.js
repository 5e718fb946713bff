// Two members side by side.

const HEAVIEST = 3; // passages of which it is told how much of the similarity they carry

/** A choice among the embedded texts. @type {(view: View, side: string) => HTMLSelectElement} */
const chooser = (view, side) => {
  const { ids, titles } = view.data;
  const option = (/** @type {number} */ m, /** @type {number} */ t) => {
    const node = make('option', { value: t, text: isolate(ids[m]) });
    if (titles[m]) node.append(` — ${isolate(titles[m])}`);
    return node;
  };
  return make('select', { data: { testid: `${side}-select` } }, ...view.texts.members.map(option));
};

/** The parts of the side-by-side view. @type {(view: View) => PairParts} */
const pairParts = (view) => ({
  choices: ['left', 'right'].map((side) => chooser(view, side)),
  ...sideParts(),
  output: make('output', { class: 'big', data: { testid: 'pair-similarity' } }),
  verdict: make('span', { class: 'muted' }),
  least: make('input', { type: 'range', min: 0, max: 100, value: 0, 'aria-label': 'Show passages from this weight up',
    data: { testid: 'least' } }),
  told: make('output', { class: 'muted', data: { testid: 'told' } }),
  swap: make('button', { type: 'button', class: 'quiet swap', 'aria-label': 'Swap the two texts', text: '⇄' }),
});

/** Puts the parts of the side-by-side view together. @type {(parts: PairParts) => HTMLElement} */
const pairBox = ({ choices: [left, right], panes, output, verdict, key, items, least, told, swap }) => make('div', { class: 'pair' },
  make('div', { class: 'choice' }, make('label', {}, make('span', { text: 'Left' }), left), swap,
    make('label', {}, make('span', { text: 'Right' }), right)),
  make('p', { class: 'verdict' }, output, verdict),
  key,
  make('div', { class: 'panes' }, ...panes),
  make('div', { class: 'weighed' }, make('h3', { text: 'Passages by weight' }), least, told), items);

/**
 * Hides the passages that weigh less than the slider says, in the list and in both texts.
 * @type {(parts: PairParts, result: Confronted) => void}
 */
const showHeavy = ({ least, told, items, panes }, { passages, similarity }) => {
  const from = (passages[0]?.weight ?? 0) * (Number(least.value) / 100) ** 2; // most passages are light
  const below = (/** @type {number} */ rank) => passages[rank].weight < from;
  const shown = passages.filter((_, rank) => !below(rank));
  [...items.children].forEach((item, rank) => { /** @type {HTMLElement} */ (item).hidden = below(rank); });
  for (const mark of panes.flatMap((pane) => [...pane.querySelectorAll('mark')])) {
    mark.classList.toggle('below', below(Number(mark.dataset.passage)));
  }
  const share = percent(Math.min(1, sum(shown.map(({ weight }) => weight)) / (similarity || 1)));
  told.textContent = `from weight ${from.toFixed(3)}: ${count(shown.length)} of ${plural(passages.length, 'passage')}`
    + ` with ${share} of the similarity`;
};

/** The side-by-side view; `view.choose(a, b)` draws two texts into it. @type {(view: View) => HTMLElement} */
const drawPair = (view) => {
  const few = 'Fewer than two texts of this cluster are in this page.';
  if (view.texts.members.length < 2) return section('Side by side', few, null);
  const parts = pairParts(view);
  const { choices: [left, right], panes, least, swap } = parts;
  /** @type {Confronted | null} */
  let result = null;
  const box = pairBox(parts);
  const whole = section('Side by side', sampleWords(view), null, box);
  linkPassages(box, panes);
  view.choose = (a, b, go = false) => {
    [left.value, right.value] = [String(a), String(b)];
    result = confront(view.texts, a, b);
    showPair(result, view.texts, [a, b], parts);
    light(box);
    document.documentElement.dataset.pair = `${a}-${b}`;
    if (!go) return;
    whole.scrollIntoView({ behavior: glide() });
    panes[0].focus({ preventScroll: true });
  };
  const chosen = () => view.choose(Number(left.value), Number(right.value));
  for (const choice of [left, right]) choice.addEventListener('change', chosen);
  least.addEventListener('input', () => { if (result) showHeavy(parts, result); });
  swap.addEventListener('click', () => view.choose(Number(right.value), Number(left.value)));
  view.compareWith = (t) => view.choose(Number(left.value), t, true);
  return whole;
};

/**
 * Fills the side-by-side view.
 * @type {(result: Confronted, texts: Texts, chosen: [number, number], parts: PairParts) => void}
 */
const showPair = (result, texts, [a, b], parts) => {
  const { similarity, passages } = result;
  const { output, verdict } = parts;
  showSides(result, texts, [a, b], parts);
  showHeavy(parts, result);
  output.textContent = ratio(similarity);
  const carried = sum(passages.slice(0, HEAVIEST).map(({ weight }) => weight)) / (similarity || 1);
  const heaviest = passages.length > HEAVIEST ? `; the three heaviest carry ${percent(Math.min(1, carried))} of it` : '';
  const shared = `${plural(passages.length, 'shared passage')}, whose weights add up to the similarity${heaviest}`;
  verdict.textContent = a === b ? 'the same text on both sides' : `${SCALE[grade(similarity)].name} · ${shared}`;
};
