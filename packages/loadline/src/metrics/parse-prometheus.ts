/** A metric as somebody else's `/metrics` shows it, with the samples that belong to it. */
export interface ScrapedFamily {
  /** As its TYPE line says; without one, the name of its samples. */
  readonly name: string;
  readonly kind: ScrapedKind;
  readonly samples: readonly ScrapedSample[];
}

/** Info and state sets count as gauges; what has no type, or one that is not listed here, is unknown. */
export type ScrapedKind = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';

/** One line with a value. */
export interface ScrapedSample {
  /** As it stands there: that of its family, or with `_total`, `_bucket`, `_sum`, `_count` behind it. */
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** What was read of a text, and how much of it could not be. */
export interface Scrape {
  /** By name, in the order in which they came; only those that have samples. */
  readonly families: ReadonlyMap<string, ScrapedFamily>;
  /** The first ten lines that could not be read: `line 7: "up one" has no number for its value`. */
  readonly problems: readonly string[];
  /** How many lines could not be read; each is left out, and the rest is read on. */
  readonly badLines: number;
  /** Whether there were more samples than `samplesMax`, so that families may be incomplete. */
  readonly isCut: boolean;
}

/** Which lines of a text are read, and how many are kept. */
export interface ParseOptions {
  /** Whether a family is of interest, by its name; the lines of others are skipped unread. Default: all are. */
  readonly wanted?: (name: string) => boolean;
  /** Skips the buckets of histograms, which are most of many a page, and keeps sum and count. Default false. */
  readonly withoutBuckets?: boolean;
  /** Samples that are kept. Default 10,000. */
  readonly samplesMax?: number;
}

/** Reads a whole text: the same as one `push` and `end` of a `PrometheusParser`. */
export function parsePrometheus(text: string, options: ParseOptions = {}): Scrape {
  const parser = new PrometheusParser(options);
  parser.push(text);
  return parser.end();
}

/**
 * Reads Prometheus text (format 0.0.4) and what OpenMetrics 1.0 shares with it, believing nothing and never
 * throwing. It takes pieces as they arrive, so that no long text holds up the event loop. Timestamps and
 * exemplars are passed over, names in quotes (UTF-8) are not read.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export class PrometheusParser {
  readonly #wanted: (name: string) => boolean;
  readonly #withoutBuckets: boolean;
  readonly #samplesMax: number;
  readonly #families = new Map<string, GrowingFamily>();
  readonly #problems: string[] = [];
  #badLines = 0;
  #samples = 0;
  #lineNumber = 0;
  /** The name of the samples that were skipped last; most lines of a page are more of the same. */
  #skipped = '';
  /** The beginning of a line whose end has not come yet. */
  #rest = '';
  #isTooLong = false;

  constructor({ wanted = () => true, withoutBuckets = false, samplesMax = 10_000 }: ParseOptions = {}) {
    this.#wanted = wanted;
    this.#withoutBuckets = withoutBuckets;
    this.#samplesMax = samplesMax;
  }

  /** Reads the lines that end in this piece. */
  push(text: string): void {
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      if (this.#rest === '' && this.#isSkipped(text, start)) this.#lineNumber++;
      else this.#endLine(this.#rest + text.slice(start, end));
      this.#rest = '';
      start = end + 1;
    }
    this.#rest += text.slice(start);
    if (this.#rest.length <= lineLengthMax) return;
    this.#isTooLong = true;
    this.#rest = '';
  }

  /** Reads the last line, which need not have an end, and gives everything. */
  end(): Scrape {
    this.#endLine(this.#rest);
    this.#rest = '';
    return {
      families: new Map([...this.#families].filter(([, family]) => family.samples.length > 0)),
      problems: this.#problems,
      badLines: this.#badLines,
      isCut: this.#samples > this.#samplesMax,
    };
  }

  /** Whether a line is of samples that nobody wants, told without cutting it out. */
  #isSkipped(text: string, start: number): boolean {
    const { length } = this.#skipped;
    return length > 0 && text.startsWith(this.#skipped, start) && ' {'.includes(text.charAt(start + length));
  }

  #endLine(line: string): void {
    this.#lineNumber++;
    const isTooLong = this.#isTooLong || line.length > lineLengthMax;
    this.#isTooLong = false;
    const wrong = isTooLong ? `is longer than ${lineLengthMax} characters` : this.#readLine(line);
    if (wrong === undefined) return;
    this.#badLines++;
    if (this.#problems.length === problemsMax) return;
    const shown = JSON.stringify(line.length > 60 ? `${line.slice(0, 59)}…` : line);
    this.#problems.push(`line ${this.#lineNumber}: ${shown} ${wrong}`);
  }

  /** Gives what is wrong with the line, if anything is. */
  #readLine(line: string): string | undefined {
    const start = skipBlanks(line, 0);
    if (start === line.length) return undefined;
    return line[start] === '#' ? this.#readComment(line) : this.#readSample(line, start);
  }

  /** Of the comments only TYPE says something that we use. */
  #readComment(line: string): string | undefined {
    if (!typeStart.test(line)) return undefined;
    const [, name, type] = typeLine.exec(line) ?? [];
    if (name === undefined || type === undefined) return 'is no TYPE line';
    if (!this.#wanted(name)) return undefined;
    this.#skipped = '';
    if (this.#families.has(name)) return 'comes after samples or another type of this name';
    this.#families.set(name, { name, kind: kinds.get(type) ?? 'unknown', samples: [] });
    return undefined;
  }

  #readSample(line: string, start: number): string | undefined {
    const name = match(sampleName, line, start);
    if (name === undefined) return 'does not begin with a name';
    const family = this.#familyOf(name);
    if (family === undefined || (this.#withoutBuckets && isBucket(family, name))) {
      this.#skipped = name;
      return undefined;
    }
    let at = skipBlanks(line, start + name.length);
    const labels = new Map<string, string>();
    if (line[at] === '{') {
      at = readLabels(line, at + 1, labels);
      if (at < 0) return 'has labels that cannot be read';
    }
    const value = numberOf(match(numberText, line, skipBlanks(line, at)) ?? '');
    if (value === undefined) return 'has no number for its value';
    if (++this.#samples > this.#samplesMax) return undefined;
    family.samples.push({ name, labels, value });
    this.#families.set(family.name, family);
    return undefined;
  }

  /** The family that a sample of this name is in; undefined where nobody wants it. */
  #familyOf(name: string): GrowingFamily | undefined {
    const same = this.#families.get(name);
    if (same !== undefined) return same;
    const cut = name.lastIndexOf('_');
    const owner = this.#families.get(name.slice(0, Math.max(0, cut)));
    if (owner !== undefined && suffixes[owner.kind].includes(name.slice(cut))) return owner;
    return this.#wanted(name) ? { name, kind: 'unknown', samples: [] } : undefined;
  }
}

interface GrowingFamily extends ScrapedFamily {
  readonly samples: ScrapedSample[];
}

const problemsMax = 10;
const lineLengthMax = 64 * 1024;

const typeStart = /^[ \t]*#[ \t]*TYPE[ \t]/;
const typeLine = /^[ \t]*#[ \t]*TYPE[ \t]+([a-zA-Z_:][\w:]*)[ \t]+(\w+)[ \t\r]*$/;
const sampleName = /[a-zA-Z_:][\w:]*/y;
const numberText = /[^ \t\r#]+/y;
const label = /([a-zA-Z_]\w*)[ \t]*=[ \t]*"([^"\\]*(?:\\.[^"\\]*)*)"[ \t]*(?:,[ \t]*|(?=\}))/sy;
const finiteNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const otherNumber = /^([+-]?)(?:(inf|infinity)|nan)$/i;

const kinds: ReadonlyMap<string, ScrapedKind> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['info', 'gauge'],
  ['stateset', 'gauge'],
  ['histogram', 'histogram'],
  ['summary', 'summary'],
]);

/** What may stand behind a family's name in its samples; OpenMetrics names a counter without its `_total`. */
const suffixes: Readonly<Record<ScrapedKind, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: ['_info'],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['_sum', '_count', '_created'],
  unknown: [],
};

function isBucket({ kind }: ScrapedFamily, name: string): boolean {
  return kind === 'histogram' && name.endsWith('_bucket');
}

/** Reads labels into `labels` and gives where the text goes on behind the brace; -1 where they are wrong. */
function readLabels(line: string, start: number, labels: Map<string, string>): number {
  let at = skipBlanks(line, start);
  while (line[at] !== '}') {
    label.lastIndex = at;
    const [whole, name, value] = label.exec(line) ?? [];
    if (whole === undefined || name === undefined || value === undefined || labels.has(name)) return -1;
    labels.set(name, unescapeLabel(value));
    at += whole.length;
  }
  return at + 1;
}

function unescapeLabel(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\([\\"n])/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
}

/** Numbers as Go writes them. */
function numberOf(text: string): number | undefined {
  if (finiteNumber.test(text)) return Number(text);
  const [whole, sign, infinite] = otherNumber.exec(text) ?? [];
  if (whole === undefined) return undefined;
  if (infinite === undefined) return Number.NaN;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function match(sticky: RegExp, text: string, at: number): string | undefined {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0];
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\r') at++;
  return at;
}
