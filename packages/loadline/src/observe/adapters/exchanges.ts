import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { clientWent } from '../../traffic/index.ts';
import type { CountedSocket, NetworkObserver } from '../meters/network-metrics.ts';

/** What is needed of `http.IncomingMessage`. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly socket: CountedSocket;
  readonly httpVersionMajor: number;
}

/** What is needed of `http.ServerResponse`. */
export interface NodeResponse {
  readonly req: NodeRequest;
  /** The connection, while it is this answer's turn on it. */
  readonly socket: CountedSocket | null;
  readonly statusCode: number;
  readonly destroyed?: boolean | undefined;
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  once(event: 'finish' | 'close', listener: () => void): unknown;
}

/** A request that has been answered, or whose client has gone. */
export interface EndedExchange<Subject> {
  readonly subject: Subject;
  readonly response: NodeResponse;
  /** `clientWent` where nobody waited for the answer any more. */
  readonly status: number;
  readonly startMs: number;
}

/** Who follows exchanges. `Subject` is whatever the follower knows one by. */
export interface ExchangeFollower<Subject> {
  /** The time, asked once as each begins. */
  begun(): number;
  /** Called once for each; must not throw. */
  ended(exchange: EndedExchange<Subject>): void;
}

/** Requests and their answers, from where they are seen first to the end of the answer or of its connection. */
export interface Exchanges {
  /** Whose response is followed already is followed on by whoever comes last, and has begun once. */
  follow<Subject>(response: NodeResponse, subject: Subject, follower: ExchangeFollower<Subject>): void;
  /** Nothing that begins from now on is followed; what has begun is, to its end. */
  close(): void;
}

/** Where Node.js tells that an answer is out, for every server of HTTP/1 in the process. */
const finishChannel = 'http.server.response.finish';

/** What is told there. */
interface Finish {
  readonly response: NodeResponse;
  readonly socket: CountedSocket;
}

/**
 * One on each connection, used again for each request on it: it is at hand when Node.js tells that an answer is out. A listener
 * on every response took up to 2 % of a service that does little else, and marks make another kind of object of it for all that
 * Node.js does with it after.
 */
class Exchange {
  startMs = Number.NaN;
  response: NodeResponse | undefined;
  subject: unknown;
  follower: ExchangeFollower<unknown> | undefined;
}

/** Sees the connections, too, of whatever is followed. */
export function createExchanges(network: NetworkObserver): Exchanges {
  const key = Symbol('exchange');
  type Marked = CountedSocket & { [key]?: Exchange };
  /** Of answers of which nobody tells that they are out, or whose turn on their connection has not come yet. */
  const others = new WeakMap<NodeResponse, Exchange>();
  let open = 0;
  let isClosed = false;
  subscribe(finishChannel, onFinish);
  function onFinish(told: unknown): void {
    const { response, socket } = told as Finish;
    const exchange = (socket as Marked)[key];
    if (exchange?.response === response) end(exchange, response.statusCode);
  }
  function end(exchange: Exchange, status: number): void {
    const { subject, response, startMs, follower } = exchange;
    exchange.response = undefined;
    exchange.subject = undefined;
    open--;
    if (response !== undefined) follower?.ended({ subject, response, status, startMs });
    if (isClosed) settle();
  }
  function settle(): void {
    if (open === 0) unsubscribe(finishChannel, onFinish);
  }
  function onClose(exchange: Exchange): void {
    const { response } = exchange;
    if (response === undefined) return;
    const isAnswered = response.writableFinished && response.writableEnded;
    end(exchange, isAnswered ? response.statusCode : clientWent);
  }
  function exchangeOf(response: NodeResponse): Exchange {
    const { req, socket } = response;
    // HTTP/2 shows a stand-in for its connection, which many requests share; an answer that waits for its turn has no connection
    // yet, and one to a request that came over none, as from Fastify's `inject()`, has another than its request.
    if (req.httpVersionMajor < 2 && socket !== null && socket === req.socket) {
      return (socket as Marked)[key] ?? connect(socket);
    }
    const known = others.get(response);
    if (known !== undefined) return known;
    const exchange = new Exchange();
    others.set(response, exchange);
    // Node's HTTP/2 calls every stream finished that is closed, also one to which nothing was ever answered.
    response.once('finish', () => {
      if (exchange.response !== undefined && response.writableEnded) end(exchange, response.statusCode);
    });
    response.once('close', () => onClose(exchange));
    return exchange;
  }
  function connect(socket: Marked): Exchange {
    const exchange = new Exchange();
    socket[key] = exchange;
    network.see(socket);
    socket.once('close', () => onClose(exchange));
    return exchange;
  }
  return {
    follow(response, subject, follower) {
      // What is over when it is seen, perhaps again, would never end.
      if (isClosed || response.destroyed === true || response.writableEnded) return;
      const exchange = exchangeOf(response);
      const isNew = exchange.response !== response;
      if (isNew) {
        // Whoever serves here does not tell what is out.
        if (exchange.response !== undefined) onClose(exchange);
        exchange.response = response;
        exchange.startMs = follower.begun();
        open++;
      }
      exchange.subject = subject;
      exchange.follower = follower as ExchangeFollower<unknown>;
    },
    close() {
      isClosed = true;
      settle();
    },
  };
}
