import type {
  Failure,
  OutgoingRequest,
  Response,
  Transport,
} from '../../../src/load/transports/transport.ts';
import { openChannel } from '../../contracts/transport-contract.ts';

/** A response as it was during the call, because it is only valid then. */
export interface SeenResponse {
  readonly status: number;
  readonly body: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly header: (name: string) => string | undefined;
  readonly headers: (name: string) => string[];
  readonly hasCookies: boolean;
}

/** One user of a transport, with promises for answers: tests may be slow. */
export interface Sender {
  send(given?: Partial<OutgoingRequest>): Promise<SeenResponse | Failure>;
  close(): void;
}

export function openSender(transport: Transport): Sender {
  const channel = openChannel(transport);
  return {
    send: (given = {}) =>
      new Promise((resolve) => {
        channel.send(outgoing(given), (reply) => resolve('reason' in reply ? reply : seen(reply)));
      }),
    close: () => channel.close(),
  };
}

function seen(response: Response): SeenResponse {
  const { status, bytesIn, bytesOut, hasCookies } = response;
  return {
    status,
    body: response.body().toString(),
    bytesIn,
    bytesOut,
    hasCookies,
    header: (name) => response.header(name),
    headers: (name) => response.headers(name),
  };
}

export function outgoing(given: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return {
    method: 'GET',
    path: '/ok',
    headers: '',
    body: undefined,
    timeoutMs: 5000,
    keepsBody: true,
    isConstant: false,
    ...given,
  };
}
