import { verbOf } from '../draft/scenario-draft.ts';
import type { Exchange } from './recording.ts';
import { headerOf } from './recording.ts';

export interface SelectionOptions {
  /** `api.example.org`, with a port or a scheme where that is not enough. Default the host that was asked most. */
  readonly host?: string | undefined;
  /** Whether images, fonts, styles, scripts and media are kept too; default false. */
  readonly assets?: boolean | undefined;
  /** Patterns of paths, `*` standing for any text; only what fits one of them is kept. Default all. */
  readonly include?: readonly string[] | undefined;
  /** What fits one of these is left out. */
  readonly exclude?: readonly string[] | undefined;
}

export interface Selection {
  readonly origin: string;
  readonly kept: readonly Exchange[];
  /** Why how many were left out, as in `12 images, fonts, styles and scripts (--assets keeps them)`. */
  readonly leftOut: readonly string[];
}

/** Chooses what of a recording makes load. Pure. */
export function selectExchanges(
  exchanges: readonly Exchange[],
  options: SelectionOptions,
): Selection | { readonly problem: string } {
  const reasons = exchanges.map((exchange) => reasonAgainst(exchange, options));
  const candidates = exchanges.filter((_, at) => reasons[at] === undefined);
  const origins = byCount(candidates.map(({ url }) => url.origin));
  const origin = origins.find(([each]) => options.host === undefined || isOf(each, options.host))?.[0];
  const leftOut = byCount(reasons.filter((reason) => reason !== undefined)).map(
    ([reason, count]) => `${reason}: ${count}`,
  );
  if (origin === undefined) return { problem: nothingLeft(options.host, origins, leftOut) };
  const others = origins.filter(([each]) => each !== origin);
  if (others.length > 0) leftOut.push(otherHosts(others));
  return { origin, kept: candidates.filter(({ url }) => url.origin === origin), leftOut };
}

function reasonAgainst(exchange: Exchange, options: SelectionOptions): string | undefined {
  const { url, method, answer, headers, resourceType } = exchange;
  if (resourceType === 'websocket' || url.protocol.startsWith('ws')) return 'WebSocket connections';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'what is no HTTP, such as data:';
  if (resourceType === 'eventsource' || answer.mimeType.startsWith('text/event-stream'))
    return 'streams of server-sent events';
  if (verbOf(method) === undefined)
    return `requests by ${/^[A-Z]{1,20}$/.test(method) ? method : 'other methods'}, which scenario files do not know`;
  if (method === 'OPTIONS' && headerOf(headers, 'access-control-request-method') !== undefined)
    return 'preflights, which browsers send by themselves';
  if (exchange.isFromCache) return 'what the cache of the browser answered';
  if (options.assets !== true && isAsset(exchange))
    return 'images, fonts, styles, scripts and media (--assets keeps them)';
  if (answer.status === 0) return 'requests without an answer';
  if (options.include?.length && !options.include.some((pattern) => fits(url.pathname, pattern)))
    return 'what --include does not name';
  if (options.exclude?.some((pattern) => fits(url.pathname, pattern))) return 'what --exclude names';
  return undefined;
}

const assetTypes: ReadonlySet<string> = new Set([
  'image',
  'font',
  'stylesheet',
  'script',
  'media',
  'texttrack',
  'manifest',
]);

function isAsset({ method, url, resourceType, answer }: Exchange): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (resourceType !== undefined && assetTypes.has(resourceType)) return true;
  if (
    /^(?:image|font|audio|video)\/|^(?:text\/css|(?:text|application)\/(?:x-)?(?:java|ecma)script|application\/(?:font|wasm|manifest\+json))/.test(
      answer.mimeType,
    )
  )
    return true;
  return /\.(?:css|m?js|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|otf|eot|mp[34]|webm|wasm|webmanifest)$/i.test(
    url.pathname,
  );
}

function fits(path: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`).test(path);
}

function isOf(origin: string, host: string): boolean {
  const url = new URL(origin);
  return [url.origin, url.host, url.hostname].includes(host.toLowerCase().replace(/\/+$/, ''));
}

/** The most frequent first, of equals the earliest. */
function byCount(values: readonly string[]): [value: string, count: number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function otherHosts(origins: readonly (readonly [string, number])[]): string {
  const count = origins.reduce((sum, [, each]) => sum + each, 0);
  return `requests to other hosts (--host NAME imports those of one): ${count}, to ${listHosts(origins)}`;
}

function listHosts(origins: readonly (readonly [string, number])[]): string {
  const shown = origins.slice(0, 10).map(([origin, count]) => `${new URL(origin).host} (${count})`);
  return [...shown, ...(origins.length > 10 ? [`… and ${origins.length - 10} more`] : [])].join(', ');
}

function nothingLeft(
  host: string | undefined,
  origins: readonly (readonly [string, number])[],
  leftOut: readonly string[],
): string {
  if (host !== undefined && origins.length > 0)
    return `holds no requests to ${host}; there are some to ${listHosts(origins)}`;
  return `holds nothing that makes load; left out were ${leftOut.join('; ')}`;
}
