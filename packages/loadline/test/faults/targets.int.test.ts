import type { Socket } from 'node:net';
import type { FailureReason } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { request, scenario } from '../simulation/simulate.ts';
import { deadTarget, runAgainst, serveBytes } from './targets.ts';

const fine = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine';

/** Writes the same piece again and again, as fast as it is read, until the connection ends. */
function pour(socket: Socket, piece: string): void {
  const block = Buffer.from(piece.repeat(Math.ceil(32_768 / piece.length)));
  const more = (): void => {
    while (!socket.destroyed && socket.write(block));
  };
  socket.on('drain', more);
  more();
}

describe('a target that', () => {
  it.each<[string, FailureReason, RegExp, (socket: Socket) => void]>([
    ['hangs', 'timeout', /no answer within 300 ms/, () => undefined],
    ['answers half and hangs', 'timeout', /no complete answer/, (socket) => socket.write(fine.slice(0, 30))],
    ['resets instead of answering', 'reset', /reset the connection/, (socket) => socket.resetAndDestroy()],
    [
      'resets in the middle of its answer',
      'reset',
      /reset the connection/,
      (socket) => socket.write(fine.slice(0, -2), () => setTimeout(() => socket.resetAndDestroy(), 5)),
    ],
    ['closes instead of answering', 'closed', /closed before/, (socket) => socket.end()],
    [
      'closes in the middle of its answer',
      'closed',
      /closed before/,
      (socket) => socket.end(fine.slice(0, -2)),
    ],
    [
      'announces more than it sends',
      'closed',
      /closed before/,
      (socket) => socket.end(fine.replace('4', '40')),
    ],
    ['sends more than it announced', 'malformed', /more bytes/, (socket) => socket.write(`${fine} and more`)],
    [
      'speaks something else',
      'malformed',
      /no HTTP response: "SSH-2.0/,
      (socket) => socket.write('SSH-2.0-x\r\n'),
    ],
    ['sends nonsense', 'malformed', /no HTTP response/, (socket) => socket.write(Buffer.alloc(5000, 0x9b))],
    [
      'sends a length that is none',
      'malformed',
      /content-length of/,
      (socket) => socket.write(fine.replace('4', 'x')),
    ],
    [
      'sends headers without a status line',
      'malformed',
      /no HTTP response/,
      (socket) => pour(socket, 'x-header: value\r\n'),
    ],
    [
      'sends a head, and then headers without end',
      'too large',
      /head of over/,
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        pour(socket, 'x-header: value\r\n');
      },
    ],
    [
      'trickles its answer',
      'timeout',
      /no complete answer/,
      (socket) => {
        let at = 0;
        const timer = setInterval(() => {
          if (socket.destroyed) clearInterval(timer);
          else socket.write(fine[at++ % fine.length] as string);
        }, 25);
      },
    ],
  ])('%s is reported as %s', async (_, reason, message, misbehave) => {
    const server = await serveBytes(misbehave);
    const { report, tookMs } = await runAgainst(server.target);
    await server.stop();
    const { failures } = report.total;
    expect(Object.keys(failures)).toEqual([reason]);
    expect(failures[reason]?.example).toMatch(message);
    expect(report.verdict.status).toBe('failed');
    expect(report.verdict.reasons[0]).toMatch(/^Nothing answered: /);
    expect(report.total.errors).toBe(report.total.requests);
    expect(tookMs).toBeLessThan(2500);
  });

  it('refuses is reported as refused, and is not hammered', async () => {
    const { report, tookMs } = await runAgainst(await deadTarget());
    expect(Object.keys(report.total.failures)).toEqual(['refused']);
    expect(report.verdict.reasons[0]).toMatch(/nobody listens at the target/);
    expect(report.total.requests).toBeLessThan(20);
    expect(report.total.serviceMs).toBeUndefined();
    expect(tookMs).toBeLessThan(2000);
  });

  it('sends a body without end is cut off at the limit', async () => {
    const server = await serveBytes((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      pour(socket, 'more and more. ');
    });
    const limits = { requestTimeoutMs: 20_000, usersMax: 1, gracefulStopMs: 21_000 };
    const { report } = await runAgainst(server.target, {
      stages: [{ kind: 'arrivals', from: 1, to: 1, durationMs: 100 }],
      limits,
    });
    await server.stop();
    expect(report.total.failures['too large']?.example).toMatch(/a body of over 67108864 bytes/);
  });

  it('hangs does not outlive its limit in any of several steps', async () => {
    const server = await serveBytes(() => undefined);
    const { report, tookMs } = await runAgainst(server.target, {
      scenarios: [scenario('walk', [request('/a'), request('/b'), request('/c')])],
      stages: [{ kind: 'users', from: 1, to: 1, durationMs: 1000 }],
    });
    await server.stop();
    expect(report.total.failures.timeout?.count).toBe(report.total.requests);
    expect(report.total.requests).toBeGreaterThanOrEqual(3);
    expect(report.offered.unfinished).toBe(0);
    expect(report.total.latencyMs?.max).toBeLessThan(600);
    expect(tookMs).toBeLessThan(2500);
  });
});

describe('a connection that the target closes between two requests', () => {
  const visit = (method: 'GET' | 'POST') => [scenario('visit', [request('/', { method })])];

  /** Answers once a connection, promises to keep it, and closes it when the next request is on its way. */
  const closeUnderTheNext = (): ReturnType<typeof serveBytes> => {
    const served = new WeakSet<Socket>();
    return serveBytes((socket) => {
      if (served.has(socket)) socket.destroy();
      else socket.write(fine);
      served.add(socket);
    });
  };

  it('is no error of a request that may be repeated', async () => {
    const server = await closeUnderTheNext();
    const { report } = await runAgainst(server.target, { scenarios: visit('GET') });
    await server.stop();
    expect(report.total.requests).toBeGreaterThan(10);
    expect([report.total.errors, report.total.failures]).toEqual([0, {}]);
    expect(server.connections()).toBeGreaterThan(5);
  });

  it('is an error of one that may not, since nobody knows whether it was done', async () => {
    const server = await closeUnderTheNext();
    const { report } = await runAgainst(server.target, { scenarios: visit('POST') });
    await server.stop();
    expect(
      Object.keys(report.total.failures).every((reason) => reason === 'closed' || reason === 'reset'),
    ).toBe(true);
    expect(report.total.errors).toBeGreaterThan(0);
    expect(report.total.errors).toBeLessThan(report.total.requests);
  });

  it.each(['close', 'Close', 'close, x'])(
    'and says so before with "connection: %s" is an error of none',
    async (value) => {
      const server = await serveBytes((socket) =>
        socket.end(fine.replace('\r\n', `\r\nConnection: ${value}\r\n`)),
      );
      const { report } = await runAgainst(server.target, { scenarios: visit('POST') });
      await server.stop();
      expect(report.total.errors).toBe(0);
      expect(server.connections()).toBe(report.total.requests);
    },
  );

  it('while it was idle is an error of none', async () => {
    const server = await serveBytes((socket) => {
      socket.write(fine);
      setTimeout(() => socket.end(), 5);
    });
    const pause = { kind: 'think', think: { kind: 'fixed', durationMs: 40 } } as const;
    const { report } = await runAgainst(server.target, {
      scenarios: [scenario('visit', [request('/', { method: 'POST' }), pause])],
    });
    await server.stop();
    expect([report.total.errors, report.total.requests > 4]).toEqual([0, true]);
  });
});

describe('a run against a target that misbehaves', () => {
  it('leaves no socket, timer or listener behind', async () => {
    const server = await serveBytes((socket) => socket.destroy());
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    const before = process.getActiveResourcesInfo().length;
    for (let run = 0; run < 3; run++) await runAgainst(server.target);
    await server.stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before);
  });
});
