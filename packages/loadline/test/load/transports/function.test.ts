import { createVirtualClock } from 'loadline/base';
import { createFunctionTransport, type FunctionReply } from 'loadline/load';
import { expect, it } from 'vitest';
import { describeTransport, openChannel } from '../../contracts/transport-contract.ts';

const answers: Readonly<Record<string, FunctionReply>> = {
  '/ok': { kind: 'response', delayMs: 0, status: 200, body: 'fine', headers: { 'x-answer': 'yes' } },
  '/missing': { kind: 'response', delayMs: 1, status: 404 },
  '/silent': { kind: 'silence' },
};

describeTransport('a function', async () => {
  const clock = createVirtualClock();
  return {
    transport: createFunctionTransport(clock, ({ path }) => answers[path] as FunctionReply),
    pass: (durationMs) => clock.advance(durationMs),
    async stop() {
      expect(clock.pending).toBe(0);
    },
  };
});

it('a function that is slower than the time limit is a timeout at that limit', async () => {
  const clock = createVirtualClock();
  const transport = createFunctionTransport(clock, () => ({ kind: 'response', delayMs: 900, status: 200 }));
  const request = {
    method: 'GET',
    path: '/',
    headers: '',
    body: undefined,
    timeoutMs: 300,
    keepsBody: false,
    isConstant: false,
  };
  let seen: unknown;
  openChannel(transport).send(request, (reply) => {
    seen = reply;
  });
  await clock.advance(300);
  expect(seen).toMatchObject({ reason: 'timeout', receivedMs: 300 });
  await clock.runUntilIdle();
});
