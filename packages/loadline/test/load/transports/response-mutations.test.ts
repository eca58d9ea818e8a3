import { Agent, type IncomingMessage, request } from 'node:http';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyBudget } from '../../../src/load/transports/body-budget.ts';
import { ResponseParser } from '../../../src/load/transports/response-parser.ts';
import { cut, mutate, mutations, writtenResponses } from './responses.ts';

const limits = { headBytesMax: 20_000, bodyBytesMax: 100_000, budget: new BodyBudget() };
const shares = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 30 });

/** What was read of a response; a reason where it was none. */
type Outcome = { readonly status: number; readonly body: string } | { readonly problem: string };

/** Pieces are lent: what has been fed is overwritten, unless the response has ended in it. */
function readByUs(method: string, pieces: readonly Buffer[]): Outcome {
  const parser = new ResponseParser(limits);
  parser.begin(method, true);
  for (const piece of pieces) {
    if (parser.isDone) break;
    const lent = Buffer.from(piece);
    parser.feed(lent);
    if (!parser.isDone) lent.fill(0x21);
  }
  if (!parser.isDone && !parser.end()) return { problem: 'incomplete' };
  if (parser.problem !== undefined) return { problem: parser.problem.message };
  return { status: parser.status, body: parser.body().toString('latin1') };
}

/** By node:http, from a stream in memory. */
function readByNode(method: string, bytes: Buffer): Promise<Outcome> {
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => resolve({ problem: error.code ?? error.message });
    const sent = request({ method, agent: new AgentOf(bytes) });
    sent.on('error', fail);
    sent.on('upgrade', () => resolve({ problem: 'upgrade' }));
    sent.on('response', (response: IncomingMessage) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', fail);
      response.on('end', () => {
        const body = Buffer.concat(pieces).toString('latin1');
        resolve(
          response.complete ? { status: response.statusCode as number, body } : { problem: 'incomplete' },
        );
      });
    });
    sent.end();
  });
}

/** Connects to a stream that answers the first write with these bytes, and ends. */
class AgentOf extends Agent {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    super();
    this.#bytes = bytes;
  }

  override createConnection(): Duplex {
    const bytes = this.#bytes;
    let isAnswered = false;
    const stream = new Duplex({
      read: () => undefined,
      write(_piece, _encoding, done) {
        done();
        if (isAnswered) return;
        isAnswered = true;
        setImmediate(() => {
          stream.push(bytes);
          stream.push(null);
        });
      },
    });
    const itself = (): Duplex => stream;
    return Object.assign(stream, {
      setTimeout: itself,
      setNoDelay: itself,
      setKeepAlive: itself,
      ref: itself,
      unref: itself,
    });
  }
}

describe('a response that was changed on its way', () => {
  it('is read as by node:http, or not at all', async () => {
    let bothRead = 0;
    await fc.assert(
      fc.asyncProperty(writtenResponses, mutations, async ({ method, bytes }, changes) => {
        const changed = changes.reduce(mutate, bytes);
        const [ours, theirs] = [readByUs(method, [changed]), await readByNode(method, changed)];
        if ('problem' in ours || 'problem' in theirs) return;
        bothRead++;
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 500 },
    );
    expect(bothRead).toBeGreaterThan(40);
  });

  it('reads the same wherever it is cut, as far as it can be read', () => {
    fc.assert(
      fc.property(writtenResponses, mutations, shares, ({ method, bytes }, changes, where) => {
        const changed = changes.reduce(mutate, bytes);
        const whole = readByUs(method, [changed]);
        // What comes after its end is seen only where it comes with it.
        if ('problem' in whole && whole.problem.startsWith('more bytes')) return;
        for (const pieces of [cut(changed, where), [...changed].map((byte) => Buffer.of(byte))]) {
          const parts = readByUs(method, pieces);
          if ('problem' in whole) expect(parts).toHaveProperty('problem');
          else expect(parts).toEqual(whole);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('throws nothing, and holds no more than the limits, however it goes on', () => {
    const small = { headBytesMax: 300, bodyBytesMax: 500, budget: new BodyBudget() };
    fc.assert(
      fc.property(writtenResponses, mutations, shares, ({ method, bytes }, changes, where) => {
        const parser = new ResponseParser(small);
        parser.begin(method, true);
        const changed = changes.reduce(mutate, bytes);
        for (const piece of cut(Buffer.concat([changed, changed, changed]), where))
          if (!parser.isDone) parser.feed(piece);
        parser.end();
        parser.decode();
        expect(parser.body().length).toBeLessThanOrEqual(
          parser.problem === undefined ? small.bodyBytesMax : 100_000,
        );
        parser.header('x-a');
        parser.headers('set-cookie');
        if (parser.problem !== undefined) {
          expect(parser.problem.message).toMatch(/^[\x20-\x7e·]{5,120}$/);
          expect(parser.keepsAlive).toBe(false);
        }
        parser.release();
        expect([parser.body().length, parser.header('x-a'), parser.isGone]).toEqual([0, undefined, true]);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves nothing behind for the response to the next request', () => {
    fc.assert(
      fc.property(writtenResponses, mutations, writtenResponses, (first, changes, second) => {
        const parser = new ResponseParser(limits);
        parser.begin(first.method, true);
        parser.feed(changes.reduce(mutate, first.bytes));
        parser.begin(second.method, true);
        parser.feed(second.bytes);
        parser.end();
        parser.decode();
        expect([parser.status, parser.body().toString(), parser.problem]).toEqual([
          second.status,
          second.body,
          undefined,
        ]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('an idle parser', () => {
  it('holds nothing of what it has read, in one piece or in many, and says that it is gone', () => {
    const body = Buffer.alloc(100_000, 'x');
    const head = Buffer.from(`HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: ${body.length}\r\n\r\n`);
    const parsers = Array.from({ length: 10 }, () => {
      const parser = new ResponseParser({
        headBytesMax: 10_000,
        bodyBytesMax: 2_000_000,
        budget: new BodyBudget(),
      });
      parser.begin('GET', true);
      for (const piece of [head, body.subarray(0, 10), body.subarray(10)]) parser.feed(piece);
      expect([parser.isDone, parser.body().length, parser.header('x-a')]).toEqual([true, body.length, 'b']);
      parser.release();
      return parser;
    });
    for (const parser of parsers) expect([parser.isGone, parser.body().length]).toEqual([true, 0]);
  });
});
