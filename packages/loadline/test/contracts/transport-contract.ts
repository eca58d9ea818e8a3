import type { Failure, FailureReason, OutgoingRequest, Response, Transport } from 'loadline/load';
import { describe, expect, it } from 'vitest';

/** What a driver's far end does, by the path of the request. */
export interface TransportUnderTest {
  /** A fresh transport whose target answers `/ok` with 200, `x-answer: yes` and the body `fine`, `/missing` with 404, */
  readonly transport: Transport;
  /** and `/silent` never. Lets so much time pass. */
  readonly pass: (durationMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * What every transport owes its users. A driver's test calls this with a way to make one.
 *
 * @param start makes a fresh transport with its target.
 */
export function describeTransport(name: string, start: () => Promise<TransportUnderTest>): void {
  describe(`${name}, as a transport`, () => {
    it('answers with status, headers, body, sizes and times', async () => {
      await using tested = await started(start);
      const { replies, reply } = tested.send({ path: '/ok' });
      await tested.passUntil(() => replies.length > 0);
      expect(reply()).toMatchObject({ kind: 'response', status: 200, header: 'yes', body: 'fine' });
      const { sentMs, receivedMs, bytesIn } = reply();
      expect(receivedMs).toBeGreaterThanOrEqual(sentMs as number);
      expect(bytesIn).toBeGreaterThanOrEqual('fine'.length);
    });

    it('takes an unwelcome status for an answer, not for a failure', async () => {
      await using tested = await started(start);
      const { replies, reply } = tested.send({ path: '/missing' });
      await tested.passUntil(() => replies.length > 0);
      expect(reply()).toMatchObject({ kind: 'response', status: 404 });
    });

    it('knows no header that the answer lacks, whatever its name', async () => {
      await using tested = await started(start);
      const { replies, reply } = tested.send({ path: '/ok' });
      await tested.passUntil(() => replies.length > 0);
      expect(reply().missing).toEqual([undefined, undefined, undefined]);
    });

    it('calls back exactly once, and never within send', async () => {
      await using tested = await started(start);
      const sent = [tested.send({ path: '/ok' }), tested.send({ path: '/silent', timeoutMs: 100 })];
      for (const { replies, wasSynchronous } of sent) {
        expect([replies.length, wasSynchronous]).toEqual([0, false]);
      }
      await tested.pass(400);
      tested.transport.close();
      await tested.pass(200);
      expect(sent.map(({ replies }) => replies.length)).toEqual([1, 1]);
    });

    it('carries one request after another on a channel, also from within an answer', async () => {
      await using tested = await started(start);
      const channel = openChannel(tested.transport);
      const statuses: number[] = [];
      const next = (left: number): void => {
        channel.send(outgoing({ path: left % 2 === 0 ? '/ok' : '/missing' }), (reply) => {
          statuses.push('status' in reply ? reply.status : 0);
          if (left > 1) next(left - 1);
        });
      };
      next(4);
      await tested.passUntil(() => statuses.length === 4);
      expect(statuses).toEqual([200, 404, 200, 404]);
    });

    it('ends a request that nobody answers by its time limit, and each that follows it too', async () => {
      await using tested = await started(start);
      const channel = openChannel(tested.transport);
      const reasons: (FailureReason | 'answered')[] = [];
      const next = (): void => {
        channel.send(outgoing({ path: '/silent', timeoutMs: 100 }), (reply) => {
          reasons.push('reason' in reply ? reply.reason : 'answered');
          if (reasons.length < 3) next();
        });
      };
      next();
      await tested.passUntil(() => reasons.length === 3);
      expect(reasons).toEqual(['timeout', 'timeout', 'timeout']);
    });

    it('is fit for use again after a time limit', async () => {
      await using tested = await started(start);
      const channel = openChannel(tested.transport);
      const silent = tested.send({ path: '/silent', timeoutMs: 100 }, channel);
      await tested.passUntil(() => silent.replies.length > 0);
      const after = tested.send({ path: '/ok' }, channel);
      await tested.passUntil(() => after.replies.length > 0);
      expect(after.reply()).toMatchObject({ kind: 'response', status: 200, body: 'fine' });
    });

    it('fails what is under way as closed when its channel closes, and only that', async () => {
      await using tested = await started(start);
      const channel = openChannel(tested.transport);
      const closing = tested.send({ path: '/silent' }, channel);
      const other = tested.send({ path: '/silent', timeoutMs: 300 });
      await tested.pass(50);
      channel.close();
      channel.close();
      await tested.passUntil(() => other.replies.length > 0);
      expect(closing.reply()).toMatchObject({ kind: 'failure', reason: 'closed' });
      expect(other.reply()).toMatchObject({ kind: 'failure', reason: 'timeout' });
    });

    it('fails everything that is under way when it closes', async () => {
      await using tested = await started(start);
      const sent = [1, 2, 3].map(() => tested.send({ path: '/silent' }));
      await tested.pass(50);
      tested.transport.close();
      await tested.pass(50);
      for (const { reply } of sent) expect(reply()).toMatchObject({ kind: 'failure', reason: 'closed' });
      tested.transport.close();
    });

    it('carries many channels at once', async () => {
      await using tested = await started(start);
      const sent = Array.from({ length: 50 }, () => tested.send({ path: '/ok' }));
      await tested.passUntil(() => sent.every(({ replies }) => replies.length === 1));
      for (const { reply } of sent) expect(reply()).toMatchObject({ status: 200, body: 'fine' });
    });
  });
}

/** A reply as it was during the call, because it is only valid then. */
interface SeenReply {
  readonly kind: 'response' | 'failure';
  readonly sentMs: number | undefined;
  readonly receivedMs: number;
  readonly reason?: FailureReason;
  readonly status?: number;
  readonly bytesIn?: number;
  readonly header?: string | undefined;
  readonly missing?: readonly (string | undefined)[];
  readonly body?: string;
}

interface Sent {
  readonly replies: readonly SeenReply[];
  readonly wasSynchronous: boolean;
  reply(): SeenReply;
}

interface Started extends TransportUnderTest, AsyncDisposable {
  send(given: Partial<OutgoingRequest>, channel?: CallbackChannel): Sent;
  passUntil(isThere: () => boolean): Promise<void>;
}

/** A channel whose answers go to whoever sent, as it is easiest to write in a test. */
export interface CallbackChannel {
  send(request: OutgoingRequest, onReply: (reply: Response | Failure) => void): void;
  close(): void;
}

export function openChannel(transport: Transport): CallbackChannel {
  let waiting: (reply: Response | Failure) => void = () => {
    throw new Error('an answer that nobody has asked for');
  };
  const channel = transport.open({
    onResponse: (response) => waiting(response),
    onFailure: (failure) => waiting(failure),
  });
  return {
    send(request, onReply) {
      waiting = onReply;
      channel.send(request);
    },
    close: () => channel.close(),
  };
}

function outgoing(given: Partial<OutgoingRequest>): OutgoingRequest {
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

async function started(start: () => Promise<TransportUnderTest>): Promise<Started> {
  const tested = await start();
  return {
    ...tested,
    send(given, channel = openChannel(tested.transport)) {
      const replies: SeenReply[] = [];
      channel.send(outgoing(given), (reply) => replies.push(seen(reply)));
      const wasSynchronous = replies.length > 0;
      return {
        replies,
        wasSynchronous,
        reply() {
          const first = replies[0];
          if (first === undefined) throw new Error(`no reply to ${given.path}`);
          return first;
        },
      };
    },
    async passUntil(isThere) {
      for (let turn = 0; turn < 400 && !isThere(); turn++) await tested.pass(10);
      if (!isThere()) throw new Error('it did not happen within four seconds');
    },
    async [Symbol.asyncDispose]() {
      tested.transport.close();
      await tested.stop();
    },
  };
}

function seen(reply: Response | Failure): SeenReply {
  if ('reason' in reply) {
    const { sentMs, receivedMs, reason } = reply;
    return { kind: 'failure', sentMs, receivedMs, reason };
  }
  const kind = 'response';
  const { sentMs, receivedMs, status, bytesIn } = reply;
  const missing = ['x-missing', 'constructor', '__proto__'].map((name) => reply.header(name));
  return {
    kind,
    sentMs,
    receivedMs,
    status,
    bytesIn,
    header: reply.header('x-answer'),
    missing,
    body: reply.body().toString(),
  };
}
