// What the page is told, as `dedup.report` writes it, and what its sections hand each other.

/** Run-length code: value, count, value, count, ... */
type Runs = number[];

/** An indicator: its kind, its value, and how many of the texts that were searched hold it. */
type Held = [kind: string, value: string, holders: number];

/** A frame: its passage, how many articles hold it, and how alike these are elsewhere. */
type Frame = [passage: string, holders: number, alike: number];

/** Where a text stands in a frame, in UTF-16 units, and how many articles hold the frame. */
type Span = [from: number, to: number, holders: number];

/** Columns of the table of clusters. */
interface Clusters {
  size: number[];
  similarity: number[];
  label: string[];
  name: string[];
  title: string[];
  keywords: string[][];
  indicators: Held[][];
  search: string[];
}

interface CampaignRow {
  articles: number;
  clusters: number;
  alone: number;
  label: string;
  title: string;
  indicators: Held[];
  searched: number;
}

interface Campaigns {
  count: number;
  of: (number | null)[];
  rows: CampaignRow[];
}

interface Frames {
  count: number;
  articles: number;
  share: number;
  rows: Frame[];
}

/** What the page shows first. */
interface Summary {
  title: string;
  version: string;
  created: string;
  articles: number;
  clustered: number;
  threshold: number;
  histogram: number[];
  edges: number;
  frames: Frames;
  clusters: Clusters;
  campaigns: Campaigns;
}

/** What the page of an audit shows first, and saves. */
interface AuditSummary {
  title: string;
  version: string;
  key: string;
  columns: string[];
  rows: string[][];
}

/** What the page of an audit remembers: a letter a pair, `y`, `n`, `?`, or a blank where there is no mark. */
interface Marking {
  summary: AuditSummary;
  said: string[];
  at: number;
  opening: number;
  kept: boolean;
  parts: Sides;
}

interface Fixed {
  text: string;
  members: number;
  frame?: number;
}

interface Slot {
  slot: [value: string, holders: number][];
  distinct: number;
  members: number;
}

interface Template {
  members: number;
  distinct: number;
  sampled: number;
  parts: (Fixed | Slot)[];
}

/** Texts of a cluster as they are embedded; those of `of` have one each in the other lists. */
interface Embedded {
  members: number[];
  of: number[];
  text: string[];
  total: number[];
  weights: number[];
  less: number[];
  begins: Runs[];
  starts: Runs[];
  lengths: Runs[];
  runs: number[][];
  frames: Span[][];
}

/** The same, unpacked: a member each. */
interface Texts {
  members: number[];
  text: string[];
  total: number[];
  weights: number[];
  less: number[];
  begins: Int32Array[];
  starts: Int32Array[];
  widths: Int32Array[];
  numbers: Int32Array[];
  distinct: number[][];
  frames: Span[][];
}

/** All that the page shows of a cluster. */
interface Cluster {
  ids: string[];
  similarity: (number | null)[];
  titles: string[];
  template: Template;
  keywords: [word: string, holders: number][];
  read: number;
  searched: number;
  indicators: Held[];
  texts: Embedded;
}

type Link = [left: string, right: string, strength: number, why: string];
type WebNode = [id: string, size: number, number: number];
type WebName = [kind: string, value: string, inside: number, outside: number, holders: number[]];
type WebLink = [left: number, right: number, strength: number, why: string];

interface Web {
  nodes: WebNode[];
  names: WebName[];
  links: WebLink[];
  parts: number;
}

/** All that the page shows of a campaign. */
interface Campaign {
  clusters: number[];
  lone: [id: string, title: string][];
  alone: number;
  links: Link[];
  linked: number;
  searched: number;
  indicators: Held[];
  frames: Frame[];
  graph: Web;
}

/** Equal shingles that follow each other in both texts: the first in each, and how many. */
interface Run {
  a: number;
  b: number;
  length: number;
}

/** A run that is not yet taken, with what it would add and where it began. */
interface Waiting extends Run {
  worth: number;
  from: [left: number, right: number];
}

/** A run with its part of the similarity. */
interface Passage extends Run {
  weight: number;
}

/** Borders of the characters of a passage in each of the two texts, the left text's first. */
type Borders = [left: number[], right: number[]];

/** Of every UTF-16 unit of a text: the passage it is in, and whether it is written otherwise there. */
interface Painted {
  owner: Int32Array;
  differs: Uint8Array;
}

/** What the side-by-side view shows of two texts. */
interface Confronted {
  similarity: number;
  passages: Passage[];
  left: Painted;
  right: Painted;
  snippets: string[];
}

/** Edges of a picture. */
interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Clusters of a range of sizes. */
interface Bin {
  clusters: number;
  articles: number;
  from: number;
  to: number;
}

/** The heat map of a cluster; it has no values before they are computed. */
interface Heat {
  view: View;
  canvas: HTMLCanvasElement;
  swatches: HTMLElement[];
  frame: HTMLElement;
  readout: HTMLElement;
  values: Float32Array | null;
  order: number[];
  n: number;
  x: number;
  y: number;
  cell: number;
}

/** Two texts side by side. */
interface Sides {
  panes: HTMLElement[];
  key: HTMLElement;
  items: HTMLElement;
}

/** The parts of the side-by-side view. */
interface PairParts extends Sides {
  choices: HTMLSelectElement[];
  output: HTMLElement;
  verdict: HTMLElement;
  least: HTMLInputElement;
  told: HTMLElement;
  swap: HTMLButtonElement;
}

/** A cluster that is open; `place` is the embedded text of each member that has one. */
interface View {
  k: number;
  data: Cluster;
  texts: Texts;
  first: number;
  place: Map<number, number>;
  rows: Rows;
  map?: Heat;
  choose: (a: number, b: number, go?: boolean) => void;
  compareWith: (t: number) => void;
  showMembers: () => void;
}

type Column = 'number' | 'size' | 'similarity' | 'title';

/** What the page remembers. */
interface State {
  summary: Summary;
  rows: Rows;
  order: number[];
  sort: Column;
  up: boolean;
  hay: string[] | null;
  opening: number;
  scroll: number;
  drawn: number;
  open: View | null;
  web: (() => void) | null;
}

/** Elements of page.html. */
interface FindPart {
  (id: 'search'): HTMLInputElement;
  (id: 'table'): HTMLTableElement;
  (id: string): HTMLElement;
}

/** Properties of an element: its text, dataset and listeners; all others are attributes. */
interface Props {
  text?: string;
  data?: Record<string, string | number> | null;
  on?: Record<string, (event: Event) => void>;
  [attribute: string]: unknown;
}

type Child = Node | string | null;
type Make = <K extends keyof HTMLElementTagNameMap>(tag: K, props?: Props, ...children: Child[]) => HTMLElementTagNameMap[K];
type Draw = <K extends keyof SVGElementTagNameMap>(tag: K, props?: Props, ...children: Node[]) => SVGElementTagNameMap[K];
