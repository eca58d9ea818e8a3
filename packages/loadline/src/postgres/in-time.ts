import type pg from 'pg';
import type { LoadlineError } from '../base/index.ts';
import type { Deadline } from '../resilience/index.ts';
import { postgresError } from './errors.ts';

/**
 * Before anything is sent for which somebody waits.
 *
 * @param doing what is about to be done, to follow "Cannot …".
 * @throws LoadlineError POSTGRES_DEADLINE when nobody waits any more.
 */
export function assertTime(within: Deadline | undefined, doing: string): void {
  if (within?.remainingMs() === 0) throw overdue(doing);
}

/**
 * Waits for a connection for no longer than there is time. pg-pool lets nobody leave its queue: who gives up keeps the place there
 * until it is their turn, and gives the connection back without having used it.
 *
 * @throws LoadlineError POSTGRES_DEADLINE when the time is over; what `connecting` throws.
 */
export function connectedInTime(
  connecting: Promise<pg.PoolClient>,
  { signal }: Deadline,
): Promise<pg.PoolClient> {
  return new Promise((resolve, reject) => {
    let hasLeft = false;
    const leave = (): void => {
      hasLeft = true;
      reject(overdue('get a connection', signal.reason));
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    connecting
      .then((client) => {
        if (hasLeft) client.release();
        else resolve(client);
      }, reject)
      .finally(() => signal.removeEventListener('abort', leave));
  });
}

function overdue(doing: string, cause?: unknown): LoadlineError {
  return postgresError(
    'POSTGRES_DEADLINE',
    `Cannot ${doing}: the time that was given is over.`,
    cause === undefined ? {} : { cause },
  );
}
