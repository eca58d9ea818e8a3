import { ended, parseDuration } from '../../base/index.ts';
import { cliError } from './errors.ts';
import { tellProblems } from './problems.ts';

/** Where a trace comes from, in words. */
export const traceOptions = {
  trace: { type: 'string' },
  prometheus: { type: 'string' },
  query: { type: 'string' },
  of: { type: 'string' },
  'control-plane': { type: 'string' },
  'key-file': { type: 'string' },
  last: { type: 'string' },
  step: { type: 'string' },
} as const;

type Name = keyof typeof traceOptions;

export type TraceWords = { readonly [Each in Name]?: string | undefined };

/** What is read of the time that has just been. */
export interface TraceWindow {
  readonly lastMs: number;
  readonly stepMs: number;
}

/** Where a trace comes from. */
export type TraceSource =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'prometheus'; readonly url: URL; readonly query: string; readonly window: TraceWindow }
  | {
      readonly kind: 'control plane';
      readonly service: string;
      readonly words: TraceWords;
      readonly window: TraceWindow;
    };

/** Each source, and the options that belong to it. */
const belongings = {
  trace: [],
  prometheus: ['query', 'last', 'step'],
  of: ['control-plane', 'key-file', 'last', 'step'],
} as const satisfies Partial<Record<Name, readonly Name[]>>;

type SourceName = keyof typeof belongings;
const sourceNames = Object.keys(belongings) as SourceName[];

/** @throws CLI_USAGE where there is none or more than one, or its options are those of another. */
export function readTraceSource(words: TraceWords): TraceSource {
  const named = sourceNames.filter((name) => words[name] !== undefined);
  const [name, ...others] = named;
  if (name === undefined || others.length > 0)
    throw unfit(
      `the trace comes from one of --trace FILE, --prometheus URL and --of SERVICE, got ${dashed(named) || 'none'}`,
    );
  const problems = [...strangersTo(name, words), ...lacksOf(name, words)];
  if (problems.length > 0) throw cliError('CLI_USAGE', tellProblems('Cannot simulate', problems));
  const { trace = '', prometheus = '', query = '', of: service = '' } = words;
  switch (name) {
    case 'trace':
      return { kind: 'file', file: trace };
    case 'prometheus':
      return { kind: 'prometheus', url: new URL(prometheus), query, window: readWindow(words) };
    case 'of':
      return { kind: 'control plane', service, words, window: readWindow(words) };
  }
}

/** Options that would be read of another source, and mean nothing to this one. */
function strangersTo(source: SourceName, words: TraceWords): string[] {
  const own: readonly Name[] = belongings[source];
  const all = new Set<Name>(Object.values(belongings).flat());
  const strange = [...all].filter((name) => words[name] !== undefined && !own.includes(name));
  return strange.map((name) => {
    const owners = sourceNames.filter((each) => (belongings[each] as readonly Name[]).includes(name));
    return `--${name} belongs to ${dashed(owners)}, and means nothing to --${source}`;
  });
}

function lacksOf(source: SourceName, { prometheus = '', query }: TraceWords): string[] {
  if (source !== 'prometheus') return [];
  return [
    ...(query === undefined ? ['--prometheus needs --query, for requests a second'] : []),
    ...(/^https?:$/.test(URL.parse(prometheus)?.protocol ?? '')
      ? []
      : [`--prometheus must be a URL, like http://127.0.0.1:9090, got ${JSON.stringify(prometheus)}`]),
  ];
}

function dashed(names: readonly string[]): string {
  return names.map((name) => `--${name}`).join(' and ');
}

/** As many as a trace may have. */
const stepsMax = 1_000_000;

function readWindow({ last = '7d', step = '1m' }: TraceWords): TraceWindow {
  const stepMs = readTime('--step', step);
  if (stepMs < 1000) throw unfit('--step must be at least 1s');
  const lastMs = readTime('--last', last);
  if (lastMs > stepsMax * stepMs)
    throw unfit(`--last must be at most ${stepsMax} values, one every ${step}, got ${last}`);
  return { lastMs, stepMs };
}

function readTime(name: string, text: string): number {
  const timeMs = parseDuration(text);
  if (timeMs !== undefined) return timeMs;
  throw unfit(untimely(name, text));
}

/** What is wrong with an option that is to be a time. */
export function untimely(name: string, text: string): string {
  return `${name} must be a time with its unit, like 90s, got ${JSON.stringify(text)}`;
}

/** What a simulation cannot do with what was asked. */
export function unfit(said: string): Error {
  return cliError('CLI_USAGE', ended(`Cannot simulate: ${said}`));
}
