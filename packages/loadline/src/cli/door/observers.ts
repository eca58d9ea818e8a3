import {
  type AddressPolicy,
  closest,
  ended,
  type Parsed,
  parse,
  systemClock,
  withoutPassword,
} from '../../base/index.ts';
import { resolveTarget } from '../../load/index.ts';
import type { LiveOutputs } from '../../load/output/index.ts';
import type { AskedResources, ResourceWatch } from '../../load/resources/index.ts';
import { cliError } from './errors.ts';

/** What looks at a run besides the run itself: outputs that show it while it lasts, and the target's resources. */
export const observerOptions = {
  otlp: { type: 'string' },
  'remote-write': { type: 'string' },
  scrape: { type: 'string' },
  'watch-metrics': { type: 'string', multiple: true },
  'watch-metric': { type: 'string', multiple: true },
  'watch-pid': { type: 'string', multiple: true },
  'watch-postgres': { type: 'string' },
  'watch-valkey': { type: 'string' },
} as const;

export interface ObserverWords {
  readonly otlp?: string | undefined;
  readonly 'remote-write'?: string | undefined;
  readonly scrape?: string | undefined;
  readonly 'watch-metrics'?: readonly string[] | undefined;
  readonly 'watch-metric'?: readonly string[] | undefined;
  readonly 'watch-pid'?: readonly string[] | undefined;
  readonly 'watch-postgres'?: string | undefined;
  readonly 'watch-valkey'?: string | undefined;
}

/** The observers that were asked for, read. */
export interface AskedObservers {
  readonly otlp: URL | undefined;
  readonly remoteWrite: URL | undefined;
  readonly scrapePort: number | undefined;
  readonly resources: AskedResources | undefined;
}

/** @throws CLI_USAGE with all that is wrong. */
export function readObservers(words: ObserverWords): AskedObservers {
  const parsed: Parsed<AskedObservers> = parse(words, (root) => {
    const url = (name: keyof ObserverWords, text: string | undefined): URL | undefined => {
      if (text === undefined) return undefined;
      if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text);
      root
        .at(name)
        .problem(
          `must be an address like http://127.0.0.1:4318/v1/metrics, got ${JSON.stringify(withoutPassword(text))}`,
        );
      return undefined;
    };
    const whole = (name: keyof ObserverWords, text: string, most: number): number => {
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      if (value <= most) return value;
      root.at(name).problem(`must be a whole number up to ${most}, got ${JSON.stringify(text)}`);
      return 0;
    };
    const metrics = (words['watch-metrics'] ?? []).flatMap((text) => url('watch-metrics', text) ?? []);
    const pids = (words['watch-pid'] ?? []).map((text) => whole('watch-pid', text, 2 ** 22));
    const postgres = words['watch-postgres'];
    const valkey = words['watch-valkey'];
    const isAsked = metrics.length + pids.length > 0 || postgres !== undefined || valkey !== undefined;
    return {
      otlp: url('otlp', words.otlp),
      remoteWrite: url('remote-write', words['remote-write']),
      scrapePort: words.scrape === undefined ? undefined : whole('scrape', words.scrape, 65_535),
      resources: isAsked
        ? {
            metrics,
            pids,
            metricNames: words['watch-metric'] ?? [],
            ...(postgres === undefined ? {} : { postgres }),
            ...(valkey === undefined ? {} : { valkey }),
          }
        : undefined,
    };
  });
  if (parsed.ok) return parsed.value;
  const list = parsed.problems.map(({ path, message }) => `--${String(path[0])} ${message}`);
  throw cliError('CLI_USAGE', ended(`Cannot run: ${list.join('; ')}`));
}

/**
 * Opens the outputs that show a run while it lasts; undefined where none is asked for. Headers for the receivers
 * come from the environment, as OpenTelemetry has it, so that no secret stands in a command.
 *
 * @throws METRICS_EXPORT_INVALID, METRICS_SCRAPE_UNAVAILABLE
 */
export async function openLiveOutputs(
  { otlp, remoteWrite, scrapePort }: AskedObservers,
  env: Readonly<Record<string, string | undefined>>,
  runId: string,
): Promise<LiveOutputs | undefined> {
  if (otlp === undefined && remoteWrite === undefined && scrapePort === undefined) return undefined;
  // Only read in when it is asked for: a run begins sooner without.
  const { createLiveOutputs } = await import('../../load/output/index.ts');
  return createLiveOutputs({
    runId,
    clock: systemClock,
    scrapePort,
    otlp: otlp && { url: otlp, headers: headersFrom(env.OTEL_EXPORTER_OTLP_HEADERS) },
    remoteWrite: remoteWrite && { url: remoteWrite, headers: headersFrom(env.LOADLINE_REMOTE_WRITE_HEADERS) },
  });
}

/** `name=value,name=value`, the values percent-encoded (OpenTelemetry, OTLP exporter configuration). */
function headersFrom(text: string | undefined): Record<string, string> {
  const pairs = (text ?? '').split(',').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
    }),
  );
}

/** Watches the target's resources as they were asked for. @throws CLI_PART_MISSING where a client is not installed. */
export async function watchTarget(
  asked: AskedResources,
  startMs: number,
  policy: AddressPolicy,
  signal: AbortSignal,
): Promise<ResourceWatch> {
  const { watchResources } = await import('../../load/resources/index.ts');
  try {
    return await watchResources(asked, {
      clock: systemClock,
      startMs,
      signal,
      addressOf: (url) => resolveTarget(url.href, policy),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const missing =
      closest(/'([^']+)'/.exec((error as Error).message)?.[1] ?? '', ['pg', 'iovalkey']) ?? 'pg';
    throw cliError(
      'CLI_PART_MISSING',
      `Cannot watch the target: the package ${missing} is not installed. Install it with \`npm install ${missing}\`.`,
      { cause: error },
    );
  }
}
