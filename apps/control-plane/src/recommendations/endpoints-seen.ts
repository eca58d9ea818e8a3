import type { EndpointSeen } from 'loadline/advice';
import { countOf, meanOf, type ServiceFigures } from './service-figures.ts';

/** The window is one step, and a bit: an endpoint is a sum over all of it. */
const stepMs = 60_000;

/**
 * Requests and errors by endpoint, of each service that tells its errors. Where it had none at all, nobody asks by endpoint;
 * where it does not tell them by endpoint, it is left out.
 */
export async function readEndpoints(
  figures: ServiceFigures,
): Promise<ReadonlyMap<string, readonly EndpointSeen[]>> {
  const rates = await figures.meansOf('errors', 'rps');
  const found = await Promise.all(
    [...rates].map(async ([service, rate]): Promise<[string, readonly EndpointSeen[] | undefined]> => {
      return [service, rate > 0 ? await readService(figures, service) : []];
    }),
  );
  return new Map(
    found.flatMap(([service, endpoints]) => (endpoints === undefined ? [] : [[service, endpoints]])),
  );
}

async function readService(
  { metrics, window }: ServiceFigures,
  service: string,
): Promise<readonly EndpointSeen[] | undefined> {
  const asked = { service, ...window, stepMs, by: 'endpoint' } as const;
  const [errors, requests] = await Promise.all([
    metrics.series({ ...asked, metric: 'endpoint_errors', unit: 'count' }),
    metrics.series({ ...asked, metric: 'latency_ms', unit: 'ms' }),
  ]);
  const named = requests.lines.filter(({ name }) => name !== '');
  if (named.length === 0 || errors.lines.length === 0) return undefined;
  const failed = new Map(errors.lines.map((line) => [line.name, meanOf(line) * countOf(line)]));
  return named.map((line) => ({
    name: line.name,
    requests: countOf(line),
    errors: Math.round(failed.get(line.name) ?? 0),
  }));
}
