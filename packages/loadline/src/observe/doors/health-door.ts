import type { Clock } from '../../base/index.ts';
import { createHealth, type Door, type HealthCheck, isReady } from '../../traffic/index.ts';
import { jsonAnswer, methodRefusal } from './door.ts';

/** What says whether a service is ready. */
export interface HealthOptions {
  /** What it needs, as `createHealth` takes it. Asked at each question; none by default. */
  readonly checks?: Readonly<Record<string, HealthCheck>>;
  /** Whether it is about to stop, and should get no new work. */
  readonly isDraining?: () => boolean;
  /** For each check that has no limit of its own, in milliseconds; 2,000 by default. */
  readonly timeoutMs?: number;
}

/** `/health/live`: the event loop turns, so that there is nothing more to ask. */
export const liveDoor: Door = async (request) =>
  methodRefusal(request, ['GET', 'HEAD']) ?? jsonAnswer(200, { status: 'healthy' });

/**
 * `/health/ready`: 200 where no check that matters is unwell and nothing drains, otherwise 503, with the checks by name. It
 * asks the checks once, however many ask meanwhile.
 */
export function readyDoor({ checks = {}, isDraining, timeoutMs = 2000 }: HealthOptions, clock: Clock): Door {
  const health = createHealth({ checks, timeoutMs, keptMs: 0, clock });
  return async (request) => {
    const refusal = methodRefusal(request, ['GET', 'HEAD']);
    if (refusal !== undefined) return refusal;
    const report = await health.ready();
    if (isDraining?.() === true) return jsonAnswer(503, { ...report, status: 'draining' });
    return jsonAnswer(isReady(report.status) ? 200 : 503, report);
  };
}
