import { ended, parseDuration } from '../../base/index.ts';
import { cliError } from './errors.ts';

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

/** Undefined where there is none or more than one, or its options are those of another: that is told among the problems. */
export function readTraceSource(words: TraceWords, problems: string[]): TraceSource | undefined {
  const named = sourceNames.filter((name) => words[name] !== undefined);
  const [name, ...others] = named;
  if (name === undefined || others.length > 0) {
    problems.push(
      `the trace comes from one of --trace FILE, --prometheus URL and --of SERVICE, got ${dashed(named) || 'none'}`,
    );
    return undefined;
  }
  const { trace = '', prometheus = '', query = '', of: service = '' } = words;
  const own = [...strangersTo(name, words), ...lacksOf(name, words)];
  problems.push(...own);
  const window = name === 'trace' ? undefined : readWindow(words, problems);
  if (own.length > 0) return undefined;
  if (window === undefined) return { kind: 'file', file: trace };
  return name === 'prometheus'
    ? { kind: 'prometheus', url: new URL(prometheus), query, window }
    : { kind: 'control plane', service, words, window };
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

function readWindow({ last = '7d', step = '1m' }: TraceWords, problems: string[]): TraceWindow {
  const stepMs = readTime('--step', step, problems);
  if (stepMs < 1000) problems.push(`--step must be at least 1s, got ${step}`);
  const lastMs = readTime('--last', last, problems);
  if (lastMs > stepsMax * stepMs && stepMs >= 1000)
    problems.push(`--last must be at most ${stepsMax} values, one every ${step}, got ${last}`);
  return { lastMs, stepMs };
}

/** Not a number where it is none, which is told. */
function readTime(name: string, text: string, problems: string[]): number {
  const timeMs = parseDuration(text);
  if (timeMs === undefined) problems.push(untimely(name, text));
  return timeMs ?? Number.NaN;
}

/** What is wrong with an option that is to be a time. */
export function untimely(name: string, text: string): string {
  return `${name} must be a time with its unit, like 90s, got ${JSON.stringify(text)}`;
}

/** What a simulation cannot do with what was asked. */
export function unfit(said: string): Error {
  return cliError('CLI_USAGE', ended(`Cannot simulate: ${said}`));
}
