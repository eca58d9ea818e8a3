import { describe, expect, it } from 'vitest';
import type { SessionTransport } from '../../src/load/transports/session.ts';
import { type Asker, openAsker } from '../load/transports/asking.ts';

/** A transport of sessions, with an inbox of at most three messages, and what its far end does. */
export interface SessionsUnderTest {
  /** Its target opens a session at `/open`, answers 403 at `/refused`, and never at `/silent`. */
  readonly transport: SessionTransport;
  /** Sends to everyone who is connected. */
  say(text: string): void;
  /** Ends the sessions of everyone. */
  leave(): void;
  /** How many are connected. */
  connected(): number;
  stop(): Promise<void>;
}

/**
 * What every transport of sessions owes its users. A driver's test calls this with a way to make one.
 *
 * @param start makes a fresh transport with its target.
 */
export function describeSessions(name: string, start: () => Promise<SessionsUnderTest>): void {
  describe(`${name}, as a session`, () => {
    it('answers a connect with the status of the server, and its times', async () => {
      await using tested = await started(start);
      const handshake = await tested.user.connect('/open');
      expect(handshake).toMatchObject({ isOpen: true, status: expect.any(Number) });
      const { sentMs, receivedMs } = handshake as { sentMs: number; receivedMs: number };
      expect(receivedMs).toBeGreaterThanOrEqual(sentMs);
    });

    it('takes a refusal for an answer, not for a failure', async () => {
      await using tested = await started(start);
      expect(await tested.user.connect('/refused')).toMatchObject({ isOpen: false, status: 403 });
      expect(await tested.user.wait()).toMatchObject({
        reason: 'closed',
        message: 'the target answered 403',
      });
    });

    it('ends a connect that nobody answers by its time limit, and is fit for the next', async () => {
      await using tested = await started(start);
      const failure = await tested.user.connect('/silent', 100);
      expect(failure).toMatchObject({ reason: 'timeout', sentMs: undefined });
      expect(tested.user.send('x')).toMatchObject({ reason: 'closed' });
      expect(await tested.user.connect('/open')).toMatchObject({ isOpen: true });
    });

    it('gives the message that is waited for, and passes over the others', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      const wanted = tested.user.wait({ matches: (text) => text.startsWith('b') });
      for (const text of ['a1', 'b1', 'b2']) tested.say(text);
      expect(await wanted).toMatchObject({ text: 'b1' });
    });

    it('keeps messages that come early, also those that another wait has passed over', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      for (const text of ['a', 'b', 'c']) tested.say(text);
      await tested.arrival(3);
      const seen = [
        await tested.user.wait({ matches: (text) => text === 'b' }),
        await tested.user.wait(),
        await tested.user.wait(),
      ];
      expect(seen).toMatchObject([{ text: 'b' }, { text: 'a' }, { text: 'c' }]);
    });

    it('does not take a message for an answer that came before the question', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      tested.say('early');
      await tested.arrival(1);
      const answer = tested.user.wait({ takesEarlier: false });
      tested.say('late');
      expect(await answer).toMatchObject({ text: 'late' });
      expect(await tested.user.wait()).toMatchObject({ text: 'early' });
    });

    it('says when a message arrived, not when it was asked for', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      tested.say('early');
      await tested.arrival(1);
      const before = performance.now();
      const { receivedMs } = (await tested.user.wait()) as { receivedMs: number };
      expect(receivedMs).toBeLessThan(before);
    });

    it('ends a wait by its time limit, and goes on with the session', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      const failure = await tested.user.wait({ timeoutMs: 100 });
      expect(failure).toMatchObject({ reason: 'timeout', sentMs: expect.any(Number) });
      const next = tested.user.wait();
      tested.say('fine');
      expect(await next).toMatchObject({ text: 'fine' });
    });

    it('forgets the oldest messages beyond its limit, and counts them', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      for (let number = 1; number <= 1000; number++) tested.say(`${number}`);
      await tested.arrival(1000);
      const seen = [await tested.user.wait(), await tested.user.wait(), await tested.user.wait()];
      expect(seen).toMatchObject([{ text: '998' }, { text: '999' }, { text: '1000' }]);
      expect(tested.transport.counts).toMatchObject({ messagesIn: 1000, messagesDropped: 997 });
    });

    it('fails a wait without a connection, and never within the call', async () => {
      await using tested = await started(start);
      let isWithin = true;
      const failed = tested.user.wait().then((failure) => [failure, isWithin]);
      isWithin = false;
      expect(await failed).toMatchObject([
        { reason: 'closed', message: 'the session is not connected' },
        false,
      ]);
    });

    it('fails what is waited for when the server leaves, but still gives what came before', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      tested.say('last words');
      await tested.arrival(1);
      const never = tested.user.wait({ matches: () => false });
      tested.leave();
      expect(await never).toMatchObject({ reason: 'closed' });
      expect(await tested.user.wait()).toMatchObject({ text: 'last words' });
      expect(await tested.user.wait()).toMatchObject({ reason: 'closed' });
    });

    it('counts a session that ends while nobody waits, and says so to whoever asks next', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      tested.leave();
      await tested.until(() => tested.transport.counts.brokenIdle === 1);
      expect(await tested.user.wait()).toMatchObject({ reason: 'closed' });
    });

    it('drops what it was connected to, and what came from there, when it connects anew', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      tested.say('of the first');
      await tested.arrival(1);
      await tested.user.connect('/open');
      await tested.until(() => tested.connected() === 1);
      tested.say('of the second');
      expect(await tested.user.wait()).toMatchObject({ text: 'of the second' });
      expect(tested.transport.counts.brokenIdle).toBe(0);
    });

    it('takes leave of the server', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      tested.user.disconnect();
      await tested.until(() => tested.connected() === 0);
      expect(await tested.user.wait()).toMatchObject({
        reason: 'closed',
        message: 'the session is not connected',
      });
      expect(tested.transport.counts.brokenIdle).toBe(0);
    });

    it('forgets what came before it took leave', async () => {
      await using tested = await started(start);
      await tested.user.connect('/open');
      tested.say('early');
      await tested.arrival(1);
      tested.user.disconnect();
      expect(await tested.user.wait()).toMatchObject({ reason: 'closed' });
    });

    it('fails what is under way as closed when it closes, within the call and only once', async () => {
      await using tested = await started(start);
      const connecting = tested.open();
      const waiting = tested.open();
      await waiting.connect('/open');
      const pending = [connecting.connect('/silent'), waiting.wait()];
      tested.transport.close();
      expect([connecting.answers, waiting.answers]).toEqual([1, 2]);
      for (const failure of await Promise.all(pending)) expect(failure).toMatchObject({ reason: 'closed' });
      await tested.until(() => tested.connected() === 0);
      tested.transport.close();
      expect([connecting.answers, waiting.answers]).toEqual([1, 2]);
    });

    it('carries many sessions at once', async () => {
      await using tested = await started(start);
      const users = Array.from({ length: 50 }, () => tested.open());
      await Promise.all(users.map((user) => user.connect('/open')));
      const waiting = users.map((user) => user.wait());
      tested.say('to all');
      for (const message of await Promise.all(waiting)) expect(message).toMatchObject({ text: 'to all' });
    });
  });
}

interface Started extends SessionsUnderTest, AsyncDisposable {
  readonly user: Asker;
  open(): Asker;
  /** Waits until so many messages have arrived. */
  arrival(messages: number): Promise<void>;
  until(isThere: () => boolean): Promise<void>;
}

async function started(start: () => Promise<SessionsUnderTest>): Promise<Started> {
  const tested = await start();
  const { transport } = tested;
  const until = async (isThere: () => boolean): Promise<void> => {
    for (let turn = 0; turn < 400 && !isThere(); turn++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    if (!isThere()) throw new Error('it did not happen within four seconds');
  };
  return {
    ...tested,
    user: openAsker(transport),
    open: () => openAsker(transport),
    arrival: (messages) => until(() => transport.counts.messagesIn >= messages),
    until,
    async [Symbol.asyncDispose]() {
      transport.close();
      await tested.stop();
    },
  };
}
