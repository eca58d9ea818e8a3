import { type Clock, systemClock } from '../base/index.ts';
import { toExposed, toRecorded } from './exposure.ts';
import type { Family, HistogramFamily, NumberFamily } from './family.ts';
import type { Registry } from './registry.ts';

/** The content type of what `renderPrometheus` gives. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** How long a slice of the text may keep others from their turn. */
export interface RenderOptions {
  /** How long a slice works before the event loop gets a turn, in milliseconds; 2 by default. */
  readonly sliceMs?: number;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/** A slice ends here too, so that whoever writes it to a socket has no long text to copy at once. */
const sliceLengthMax = 128 * 1024;

/**
 * The registry as Prometheus text (format 0.0.4), in slices: after some milliseconds of work, or 128 K
 * characters, the text so far is given and the event loop gets a turn before work goes on. A series is
 * written in one go, so a histogram's buckets, sum and count agree; two series may be some turns apart.
 *
 * @example
 * for await (const slice of renderPrometheus(registry)) response.write(slice);
 */
export async function* renderPrometheus(
  registry: Registry,
  options: RenderOptions = {},
): AsyncGenerator<string, void, undefined> {
  const { sliceMs = 2, clock = systemClock } = options;
  let endMs = clock.monotonicMs() + sliceMs;
  let slice = '';
  for (const text of renderSeries(registry.families())) {
    slice += text;
    if (slice.length < sliceLengthMax && clock.monotonicMs() < endMs) continue;
    yield slice;
    slice = '';
    await turnOfEventLoop();
    endMs = clock.monotonicMs() + sliceMs;
  }
  if (slice !== '') yield slice;
}

/** The text of one series after the other; the first of a family has the family's head before it. */
function* renderSeries(families: readonly Family[]): Generator<string> {
  for (const family of families) {
    let head = `# HELP ${family.name} ${escapeHelp(family.help)}\n# TYPE ${family.name} ${family.kind}\n`;
    for (const text of family.kind === 'histogram' ? histograms(family) : numbers(family)) {
      yield head + text;
      head = '';
    }
  }
}

function* numbers(family: NumberFamily): Generator<string> {
  for (const { labels, value } of family.series()) {
    const pairs = labelPairs(family, labels);
    yield `${family.name}${pairs === '' ? '' : `{${pairs}}`} ${formatNumber(value)}\n`;
  }
}

function* histograms(family: HistogramFamily): Generator<string> {
  const { name, scale, buckets } = family;
  const limits = buckets.map((bound) => toRecorded(bound, scale));
  const ends = buckets.map((bound) => `le="${formatNumber(bound)}"} `);
  for (const { labels, histogram } of family.series()) {
    const pairs = labelPairs(family, labels);
    const start = `${name}_bucket{${pairs === '' ? '' : `${pairs},`}`;
    const set = pairs === '' ? '' : `{${pairs}}`;
    const counts = histogram.countsAtOrBelow(limits);
    let text = '';
    for (let at = 0; at < ends.length; at++) text += `${start}${ends[at]}${counts[at]}\n`;
    text += `${start}le="+Inf"} ${histogram.count}\n`;
    text += `${name}_sum${set} ${formatNumber(toExposed(histogram.sum, scale))}\n`;
    yield `${text}${name}_count${set} ${histogram.count}\n`;
  }
}

function labelPairs(family: Family, values: readonly string[]): string {
  return family.labelNames.map((name, at) => `${name}="${escapeLabel(values[at] as string)}"`).join(',');
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(value: string): string {
  return /["\\\n]/.test(value) ? escapeHelp(value).replaceAll('"', '\\"') : value;
}

function formatNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** Not a timer: a turn is all that is wanted, and the shortest timer would make each slice a millisecond later. */
function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
