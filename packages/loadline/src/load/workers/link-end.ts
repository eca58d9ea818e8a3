import type { Link } from './link.ts';

/** A link, and what its driver does to it. */
export interface LinkEnd<Sent, Received> {
  readonly link: Link<Sent, Received>;
  /** A message has come. */
  deliver(message: Received): void;
  /** No message will come any more. */
  lose(because: string): void;
}

/** Makes a link of something that sends: it keeps what a link promises about order, loss and closing. */
export function createLinkEnd<Sent, Received>(
  name: string,
  through: { send(message: Sent): void; close(): void },
): LinkEnd<Sent, Received> {
  const waiting: Received[] = [];
  let handler: ((message: Received) => void) | undefined;
  let onLost: ((because: string) => void) | undefined;
  let lostBecause: string | undefined;
  let isClosed = false;
  const isOpen = (): boolean => !isClosed && lostBecause === undefined;
  return {
    link: {
      name,
      send: (message) => {
        if (isOpen()) through.send(message);
      },
      receive(next) {
        handler = next;
        for (const message of waiting.splice(0)) next(message);
      },
      onLost(next) {
        onLost = next;
        if (lostBecause !== undefined && !isClosed) next(lostBecause);
      },
      close() {
        if (isClosed) return;
        isClosed = true;
        through.close();
      },
    },
    deliver(message) {
      if (isClosed) return;
      if (handler === undefined) waiting.push(message);
      else handler(message);
    },
    lose(because) {
      if (!isOpen()) return;
      lostBecause = because;
      onLost?.(because);
    },
  };
}
