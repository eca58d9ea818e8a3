/** A request at a gate, whichever framework took it. */
export interface GateRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The request itself, as whoever works on it has it: Node's own, in Hono the one of the web. */
  readonly raw: object;
  /** Who is at the other end of the connection, perhaps a proxy; undefined where the framework does not tell. */
  readonly address: string | undefined;
  /** @param name in lower case. */
  header(name: string): string | undefined;
}

/** What a gate says instead of the service. */
export interface GateAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request that went on to the service, and whose end the gate wants to know. */
export interface Follower {
  /** Called once, with the status of the answer, or `clientWent` where nobody waited for it any more. */
  ended(status: number): void;
}

/** What becomes of a request: an answer of the gate's own, or it goes on, followed or not. */
export type Passage = GateAnswer | Follower | undefined;

/** Stands in front of a service and sees every request first. It throws nothing and rejects never. */
export interface Gate {
  take(request: GateRequest): Passage | Promise<Passage>;
}

/** The status of a request whose client went away first; nginx's number for it. */
export const clientWent = 499;

/** The path of a request's target, without the query. */
export function pathOf(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}

export function isAnswer(passage: Exclude<Passage, undefined>): passage is GateAnswer {
  return 'status' in passage;
}

/** What is told here is of this moment, and not for every cache on the way. */
const neverKept = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** An answer that holds JSON which is a text already. */
export function jsonAnswer(status: number, body: string): GateAnswer {
  return { status, headers: { 'content-type': 'application/json', ...neverKept }, body };
}

/** A problem by RFC 9457. */
export function problemAnswer(
  problem: {
    readonly status: number;
    readonly title: string;
    readonly detail: string;
    readonly code?: string;
  },
  headers: Readonly<Record<string, string>> = {},
): GateAnswer {
  return {
    status: problem.status,
    headers: { 'content-type': 'application/problem+json', ...neverKept, ...headers },
    body: JSON.stringify(problem),
  };
}
