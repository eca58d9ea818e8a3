import fc from 'fast-check';
import { createVirtualClock } from 'loadline/base';
import { createSimulatedProxy, openPool, type ProxyDriver, type WantedUpstream } from 'loadline/traffic';
import { expect, it } from 'vitest';

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
const keepMs = 20_000;
const graceMs = 7000;

const anyId = fc.constantFrom(...ids);
const anyFault = fc.constantFrom('throw', 'half', 'lie', 'hang', 'late');
const anyStart = fc.uniqueArray(
  fc.record({ id: anyId, mode: fc.constantFrom('serving', 'draining'), inFlight: fc.nat(2) }),
  { selector: ({ id }) => id },
);
const anyEvent = fc.oneof(
  fc.record({ kind: fc.constant('join'), id: anyId }),
  fc.record({ kind: fc.constant('leave'), id: anyId }),
  fc.record({ kind: fc.constant('busy'), id: anyId, inFlight: fc.nat(2) }),
  fc.record({ kind: fc.constant('fault'), call: fc.constant('apply'), fault: anyFault }),
  // Of whom a proxy does not tell, and nobody has asked for, a pool cannot know: no lies here.
  fc.record({
    kind: fc.constant('fault'),
    call: fc.constant('observe'),
    fault: fc.constantFrom('throw', 'hang'),
  }),
  fc.record({ kind: fc.constant('restart') }),
  fc.record({ kind: fc.constant('pass'), durationMs: fc.nat(9000) }),
);

it('a pool gets every proxy to what is wanted, from wherever it is, and takes nobody out who is busy before the grace is over', async () => {
  await fc.assert(
    fc.asyncProperty(anyStart, fc.array(anyEvent, { maxLength: 25 }), async (atStart, events) => {
      const clock = createVirtualClock();
      const proxy = createSimulatedProxy({ clock });
      const { signal } = new AbortController();
      await proxy.apply(
        atStart.map(({ id, mode }) => ({ id, host: '10.0.0.1', port: 80, mode })),
        signal,
      );
      for (const { id, inFlight } of atStart) proxy.occupy(id, inFlight);
      /** From when on each may be taken out, whatever it does. */
      const mayGoAtMs = new Map(ids.map((id) => [id, keepMs + graceMs]));
      const early: string[] = [];
      const watched: ProxyDriver = {
        name: proxy.name,
        observe: (given) => proxy.observe(given),
        async apply(wanted: readonly WantedUpstream[], given) {
          for (const { id, status, inFlight } of proxy.there) {
            const isListed = wanted.some((each) => each.id === id);
            const isIdle = status === 'draining' && inFlight === 0;
            if (!isListed && !isIdle && clock.monotonicMs() < (mayGoAtMs.get(id) as number)) early.push(id);
          }
          return proxy.apply(wanted, given);
        },
      };
      await using pool = openPool({
        clock,
        drivers: [watched],
        callTimeoutMs: 500,
        strangers: { keepMs, graceMs },
      });
      const members = new Set<string>();
      for (const event of events) {
        if (event.kind === 'join') {
          members.add(event.id);
          mayGoAtMs.set(event.id, Number.POSITIVE_INFINITY);
          pool.join({ id: event.id, host: '10.0.0.1', port: 80 }).catch(() => undefined);
        }
        if (event.kind === 'leave') {
          const before = mayGoAtMs.get(event.id) as number;
          mayGoAtMs.set(event.id, Math.min(before, clock.monotonicMs() + graceMs));
          members.delete(event.id);
          pool.leave(event.id, { graceMs }).catch(() => undefined);
        }
        if (event.kind === 'busy') proxy.occupy(event.id, event.inFlight);
        if (event.kind === 'fault') proxy.breakNext(event.call, event.fault);
        if (event.kind === 'restart') proxy.restart();
        if (event.kind === 'pass') await clock.advance(event.durationMs);
      }
      await clock.advance(300_000);
      expect(early).toEqual([]);
      if (members.size > 0) expect(proxy.serving.toSorted()).toEqual([...members].toSorted());
    }),
    { numRuns: 150 },
  );
});
