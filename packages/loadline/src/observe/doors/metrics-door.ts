import type { Clock } from '../../base/index.ts';
import {
  prometheusContentType,
  type Registry,
  renderPrometheus,
  renderSnapshot,
  type Sketches,
  snapshotContentType,
} from '../../metrics/index.ts';
import type { Door, DoorAnswer } from '../../traffic/index.ts';
import { methodRefusal, problemAnswer } from './door.ts';
import type { Guard } from './guard.ts';

export interface MetricsDoorOptions {
  readonly registry: Registry;
  /** What goes with a snapshot besides. */
  readonly sketches: () => Sketches;
  readonly guard: Guard;
  readonly clock: Clock;
}

/** Who reads at the same time; each has its own rendering under way. */
const readersMax = 8;

/**
 * `/metrics`: Prometheus text, or, to whoever accepts `application/vnd.loadline.snapshot`, our compact form. Both are
 * rendered piece by piece as they are sent.
 */
export function metricsDoor({ registry, sketches, guard, clock }: MetricsDoorOptions): Door {
  let readers = 0;
  async function* counted<Slice>(slices: AsyncIterable<Slice>): AsyncGenerator<Slice> {
    readers++;
    try {
      yield* slices;
    } finally {
      readers--;
    }
  }
  return async (request) => {
    const refusal = methodRefusal(request, ['GET', 'HEAD']);
    if (refusal !== undefined) return refusal;
    if (!guard(request)) return unauthorized;
    if (readers >= readersMax) {
      return problemAnswer(503, 'OBSERVE_TOO_BUSY', `${readers} others are reading the metrics.`, {
        headers: { 'retry-after': '1' },
      });
    }
    const wantsSnapshot = request.header('accept')?.includes(snapshotContentType) ?? false;
    const headers = {
      'content-type': wantsSnapshot ? snapshotContentType : prometheusContentType,
      'cache-control': 'no-store',
      vary: 'accept',
    };
    if (request.method === 'HEAD') return { status: 200, headers, body: '' };
    const slices = wantsSnapshot
      ? renderSnapshot(registry, { sketches: sketches(), clock })
      : renderPrometheus(registry, { clock });
    return { status: 200, headers, body: counted<string | Uint8Array>(slices) };
  };
}

const unauthorized: DoorAnswer = problemAnswer(
  401,
  'OBSERVE_REFUSED',
  'The metrics want "Authorization: Bearer KEY" with the metrics key or the control key, or an address that is allowed to read them.',
  { headers: { 'www-authenticate': 'Bearer' } },
);
