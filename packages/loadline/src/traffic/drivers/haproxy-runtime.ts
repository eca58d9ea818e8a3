import { connect } from 'node:net';
import { type HaproxyAddress, showAddress } from './haproxy-address.ts';
import { haproxyUnreachable } from './haproxy-unreachable.ts';

/** HAProxy's runtime interface. */
export interface HaproxyRuntime {
  /** For people: `/run/haproxy.sock`, `127.0.0.1:9999`. */
  readonly address: string;
  /**
   * Sends one order and resolves with what is said to it, without blank lines at the end.
   *
   * @throws LoadlineError TRAFFIC_PROXY_UNREACHABLE; the signal's reason.
   */
  ask(order: string, signal: AbortSignal): Promise<string>;
}

/** Of 10,000 servers with all their figures. */
const answerBytesMax = 16 * 2 ** 20;

/**
 * Each order has a connection of its own, which HAProxy closes after its answer: there is no other sign that an answer is
 * complete. Over a UNIX socket that takes a tenth of a millisecond.
 */
export function createHaproxyRuntime(where: HaproxyAddress): HaproxyRuntime {
  const target = 'socketPath' in where ? { path: where.socketPath } : { host: where.host, port: where.port };
  return {
    address: showAddress(where),
    ask: (order, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const socket = connect(target);
        const pieces: Buffer[] = [];
        let bytes = 0;
        const onAbort = (): void => {
          socket.destroy();
          reject(signal.reason);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        socket.on('connect', () => socket.write(`${order}\n`));
        socket.on('data', (piece: Buffer) => {
          pieces.push(piece);
          bytes += piece.length;
          if (bytes > answerBytesMax)
            socket.destroy(new Error(`it answers with more than ${answerBytesMax} bytes`));
        });
        socket.on('error', (cause) => reject(haproxyUnreachable(where, cause)));
        socket.on('close', () => {
          signal.removeEventListener('abort', onAbort);
          const answer = Buffer.concat(pieces).toString();
          // Every answer ends with an empty line, also an empty one: without it, the process ended in the middle of it.
          if (answer.endsWith('\n')) resolve(answer.trimEnd());
          else reject(haproxyUnreachable(where, new Error('it broke off')));
        });
      }),
  };
}
