import { ended, type Field, formatPath, type Parsed, parse } from '../base/index.ts';
import { trafficError } from './errors.ts';
import type { Upstream, WantedUpstream } from './upstream.ts';

/** More are refused: a balancer looks at all of them when many are down. */
export const upstreamsMax = 10_000;

/** Reads `{ upstreams: […] }` as it comes over a wire, and tells every problem at once; two of one name are one. */
export function parseUpstreams(input: unknown): Parsed<readonly WantedUpstream[]> {
  return parse(input, (root) => {
    const list = root.object(['upstreams']).required('upstreams');
    const found = list.array(readUpstream);
    if (found.length > upstreamsMax) list.problem(`must be at most ${upstreamsMax}, got ${found.length}`);
    const seen = new Set<string>();
    for (const [index, { id }] of found.entries()) {
      if (seen.has(id)) list.at(index).at('id').problem(`must not be there twice, and ${id} is`);
      seen.add(id);
    }
    return found;
  });
}

/** @throws LoadlineError TRAFFIC_UPSTREAM_INVALID with every problem in its facts. */
export function checkUpstream(upstream: Upstream): void {
  checkUpstreams([{ ...upstream, mode: 'serving' }]);
}

/** For drivers that write names and addresses into orders. @throws LoadlineError TRAFFIC_UPSTREAM_INVALID. */
export function checkUpstreams(upstreams: readonly WantedUpstream[]): void {
  const parsed = parseUpstreams({ upstreams });
  if (parsed.ok) return;
  const told = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  throw trafficError('TRAFFIC_UPSTREAM_INVALID', ended(`Cannot send requests there: ${told.join('; ')}`), {
    facts: { problems: parsed.problems },
  });
}

function readUpstream(entry: Field): WantedUpstream {
  const upstream = entry.object(['id', 'host', 'port', 'weight', 'zone', 'mode']);
  const weight = upstream.optional('weight')?.number({ atLeast: 0, atMost: 256 });
  const zone = upstream.optional('zone');
  return {
    id: readName(upstream.required('id')),
    host: readHost(upstream.required('host')),
    port: upstream.required('port').number({ atLeast: 1, atMost: 65_535, whole: true }),
    mode: upstream.required('mode').oneOf(['serving', 'draining']),
    ...(weight === undefined ? {} : { weight }),
    ...(zone === undefined ? {} : { zone: readName(zone) }),
  };
}

function readName(field: Field): string {
  const name = field.string();
  if (name !== '' && !/^[\w.-]{1,64}$/.test(name))
    field.problem('must be 1 to 64 of letters, digits, `.`, `_` and `-`');
  return name;
}

/** It ends up in the configuration of proxies, where a blank or a semicolon would begin something else. */
function readHost(field: Field): string {
  const host = field.string();
  if (host !== '' && !/^[A-Za-z0-9_.:-]{1,253}$/.test(host))
    field.problem('must be a host name or an IP address');
  return host;
}
