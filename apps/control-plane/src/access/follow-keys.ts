import type { Clock } from 'loadline/base';
import type { Keys } from './keys.ts';

/** So long a key that was revoked elsewhere may still open something here. */
const everyMs = 2000;

/** Keeps the keys of this control plane as the others of its database leave them. While that is away they stay as they are known. */
export function followKeys({
  keys,
  clock,
  onFailure,
}: {
  readonly keys: Pick<Keys, 'refresh'>;
  readonly clock: Clock;
  /** Hears of the first failure in a row. */
  readonly onFailure: (error: unknown) => void;
}): { close(): void } {
  let isClosed = false;
  let isFailing = false;
  const look = async (): Promise<void> => {
    try {
      await keys.refresh();
      isFailing = false;
    } catch (error) {
      if (!isFailing && !isClosed) onFailure(error);
      isFailing = true;
    }
    if (!isClosed) timer = clock.setTimer(() => void look(), everyMs);
  };
  let timer = clock.setTimer(() => void look(), everyMs);
  return {
    close() {
      isClosed = true;
      timer.cancel();
    },
  };
}
