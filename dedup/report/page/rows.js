// Long tables.

const OVERSCAN = 12;

/** Draws only the rows in sight. `scroller` is null where the page itself scrolls. */
class Rows {
  size = 0;
  current = 0;
  height = 0;
  whole = false;
  /** @type {Map<number, HTMLElement>} */
  drawn = new Map();
  top = make('tr', { class: 'space', 'aria-hidden': 'true' });
  bottom = make('tr', { class: 'space', 'aria-hidden': 'true' });

  /** @param {HTMLElement} body @param {HTMLElement | null} scroller @param {(i: number) => HTMLElement} row */
  constructor(body, scroller, row) {
    this.body = body;
    this.scroller = scroller;
    this.row = row;
    this.table = /** @type {HTMLTableElement} */ (body.closest('table'));
    body.replaceChildren(this.top, this.bottom);
    body.addEventListener('keydown', (event) => this.key(event));
    body.addEventListener('focusin', (event) => this.enter(around(event, 'tr')));
    (scroller ?? window).addEventListener('scroll', () => this.update(), { passive: true });
  }

  /** Shows so many rows anew. @param {number} size */
  show(size) {
    for (const row of this.drawn.values()) row.remove();
    this.drawn.clear();
    this.size = size;
    this.current = clamp(this.current, 0, Math.max(0, size - 1));
    this.table.setAttribute('aria-rowcount', String(size + 1));
    this.update();
  }

  /** Top and height of the part that can be seen. */
  sight() {
    const head = this.table.tHead?.offsetHeight ?? 0;
    if (!this.scroller) return { top: head + within(document, '.bar').offsetHeight, bottom: innerHeight };
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

  /** Puts in the rows that are missing between first and last, in order. @param {number} first @param {number} last */
  fill(first, last) {
    let cursor = this.top.nextSibling;
    for (let i = first; i < last; i += 1) {
      const there = this.drawn.get(i);
      if (there) { cursor = there.nextSibling; continue; }
      const row = dress(this.row(i), { 'aria-rowindex': i + 2 });
      this.drawn.set(i, row);
      this.body.insertBefore(row, cursor);
    }
  }

  /** One row is in the order of Tab, the arrow keys reach the others. */
  rove() {
    for (const [i, row] of this.drawn) within(row, '.stop').tabIndex = i === this.current ? 0 : -1;
  }

  /** The row that took the focus is the current one. @param {HTMLElement | null} row */
  enter(row) {
    if (!row?.ariaRowIndex) return;
    this.current = Number(row.ariaRowIndex) - 2;
    this.rove();
  }

  /** Arrow keys, Home, End and paging. @param {KeyboardEvent} event */
  key(event) {
    const page = 10;
    /** @type {Record<string, number>} */
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.size, End: this.size };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.focus(clamp(this.current + moves[event.key], 0, this.size - 1));
  }

  /** Scrolls a row into sight and gives it the focus. @param {number} i */
  focus(i) {
    if (!this.size) return;
    this.current = i;
    this.reveal(i);
    this.update();
    const row = this.drawn.get(i);
    if (row) within(row, '.stop').focus({ preventScroll: true });
  }

  /** Scrolls as little as shows the row. @param {number} i */
  reveal(i) {
    const { top, bottom } = this.sight();
    const from = this.body.getBoundingClientRect().top + i * this.height;
    const over = from < top ? from - top : Math.max(0, from + this.height + 8 - bottom);
    if (over) (this.scroller ?? window).scrollBy({ top: over, behavior: 'instant' });
  }
}
