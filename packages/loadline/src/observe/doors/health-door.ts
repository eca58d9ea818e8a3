import { type Clock, sleep } from '../../base/index.ts';
import { type Door, jsonAnswer, methodRefusal } from './door.ts';

/** What says whether a service is ready. */
export interface HealthOptions {
  /** What it needs: each resolves where that is well, and rejects where it is not. Asked at each question; none by default. */
  readonly checks?: Readonly<Record<string, () => Promise<unknown>>>;
  /** Whether it is about to stop, and should get no new work. */
  readonly isDraining?: () => boolean;
  /** For each check, in milliseconds; 2,000 by default. */
  readonly timeoutMs?: number;
}

/** `/health/live`: the event loop turns, so that there is nothing more to ask. */
export const liveDoor: Door = async (request) =>
  methodRefusal(request, ['GET', 'HEAD']) ?? jsonAnswer(200, { status: 'healthy' });

/**
 * `/health/ready`: 200 where every check is well and nothing drains, otherwise 503, with the checks by name. It asks the
 * checks once, however many ask meanwhile.
 */
export function readyDoor({ checks = {}, isDraining, timeoutMs = 2000 }: HealthOptions, clock: Clock): Door {
  let asking: Promise<Record<string, string>> | undefined;
  return async (request) => {
    const refusal = methodRefusal(request, ['GET', 'HEAD']);
    if (refusal !== undefined) return refusal;
    asking ??= askAll(checks, timeoutMs, clock).finally(() => {
      asking = undefined;
    });
    const found = await asking;
    if (isDraining?.() === true) return jsonAnswer(503, { status: 'draining', checks: found });
    const isHealthy = Object.values(found).every((state) => state === 'ok');
    return jsonAnswer(isHealthy ? 200 : 503, { status: isHealthy ? 'healthy' : 'unhealthy', checks: found });
  };
}

async function askAll(
  checks: Required<HealthOptions>['checks'],
  timeoutMs: number,
  clock: Clock,
): Promise<Record<string, string>> {
  const asked = Object.entries(checks).map(async ([name, check]) => {
    const limit = new AbortController();
    const late = sleep(clock, timeoutMs, limit.signal).then(
      () => 'no answer in time',
      () => 'ok',
    );
    // Why a check has failed may name servers and users: that is for the log of the service.
    const state = await Promise.race([
      Promise.resolve()
        .then(check)
        .then(
          () => 'ok',
          () => 'failed',
        ),
      late,
    ]);
    limit.abort();
    return [name, state] as const;
  });
  return Object.fromEntries(await Promise.all(asked));
}
