import type { Handshake, SessionTransport, Wait } from '../../../src/load/transports/session.ts';
import type { Failure } from '../../../src/load/transports/transport.ts';

/** A message as it was during the call, because it is only valid then. */
export interface SeenMessage {
  readonly text: string;
  readonly event: string | undefined;
  readonly receivedMs: number;
}

/** One user of a transport of sessions, with promises for answers: tests may be slow. */
export interface Asker {
  /** How many answers have come. */
  readonly answers: number;
  connect(path: string, timeoutMs?: number, headers?: string): Promise<Handshake | Failure>;
  send(text: string): Failure | undefined;
  wait(given?: AskedWait): Promise<SeenMessage | Failure>;
  disconnect(): void;
}

export interface AskedWait extends Partial<Omit<Wait, 'matches'>> {
  readonly matches?: (text: string, event: string | undefined) => boolean;
}

export function openAsker(transport: SessionTransport): Asker {
  let answers = 0;
  let answer: ((seen: never) => void) | undefined;
  const take = (seen: Handshake | SeenMessage | Failure): void => {
    answers++;
    if (answer === undefined) throw new Error(`an answer that nobody waits for: ${JSON.stringify(seen)}`);
    const tell = answer;
    answer = undefined;
    tell(seen as never);
  };
  const session = transport.open({
    onHandshake: take,
    onMatch: ({ body, event, receivedMs }) => take({ text: body.toString(), event, receivedMs }),
    onFailure: take,
  });
  return {
    get answers() {
      return answers;
    },
    connect(path, timeoutMs = 5000, headers = '') {
      return new Promise((resolve) => {
        answer = resolve;
        session.connect({ path, headers, timeoutMs });
      });
    },
    send: (text) => session.send(text),
    wait({ matches = () => true, timeoutMs = 5000, takesEarlier = true } = {}) {
      return new Promise((resolve) => {
        answer = resolve;
        session.waitFor({
          matches: ({ body, event }) => matches(body.toString(), event),
          timeoutMs,
          takesEarlier,
        });
      });
    },
    disconnect: () => session.disconnect(),
  };
}
