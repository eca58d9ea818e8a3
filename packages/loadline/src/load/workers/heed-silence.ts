import type { Clock } from '../../base/index.ts';
import type { ConductorLink } from './link.ts';
import { SilenceWatch } from './silence-watch.ts';

/**
 * A link to a conductor that counts as broken when it is silent while load is being made. A conductor that is
 * frozen or cut off breaks no connection, and gives the worker's share to another: its load must not go on.
 */
export function heedSilence(link: ConductorLink, clock: Clock): ConductorLink {
  const started = new Set<number>();
  let lost: ((because: string) => void) | undefined;
  const watch = new SilenceWatch(clock, silenceLimitMs, (silentMs) =>
    lost?.(`it was silent for ${Math.round(silentMs)} ms`),
  );
  return {
    name: link.name,
    send(message) {
      if (message.kind === 'done') started.delete(message.job);
      if (started.size === 0) watch.stop();
      link.send(message);
    },
    receive: (handler) =>
      link.receive((message) => {
        watch.heard();
        if (message.kind === 'start') {
          started.add(message.job);
          watch.start();
        }
        handler(message);
      }),
    onLost(handler) {
      lost = handler;
      link.onLost((because) => {
        watch.stop();
        handler(because);
      });
    },
    close() {
      watch.stop();
      link.close();
    },
  };
}

/** A conductor pings once a second; what it has lost ends within two. */
const silenceLimitMs = 1700;
