import type { ProxyDriver, SeenUpstream, Upstream, WantedUpstream } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';

/** A proxy that has nobody yet. */
export interface ProxyUnderTest extends AsyncDisposable {
  readonly driver: ProxyDriver;
  /** Starts one that answers with its id, and to `/slow` only when it is told to. */
  start(id: string): Promise<StartedUpstream>;
  /** Lets some time pass, about a tenth of what it takes until one is known to be up. */
  pass(): Promise<void>;
  /** Sends a GET through the proxy. Undefined for a simulation, through which nothing goes. */
  readonly send: ((path: string) => Promise<ProxyAnswer>) | undefined;
}

export interface StartedUpstream {
  readonly upstream: Upstream;
  /** How many wait at `/slow`. */
  readonly waiting: number;
  /** Answers those that wait at `/slow`. */
  release(): void;
}

export interface ProxyAnswer {
  readonly status: number;
  readonly body: string;
}

/** What every driver owes a pool. A driver's test calls this with a way to make one. */
export function describeProxyDriver(name: string, start: () => Promise<ProxyUnderTest>): void {
  describe(`${name}, as a proxy driver`, () => {
    it('has nobody at first', async () => {
      await using tested = await start();
      expect(await observe(tested)).toEqual([]);
    });

    it('gets those who are listed up, and says where they are', async () => {
      await using tested = await start();
      const [a, b] = [await tested.start('a'), await tested.start('b')];
      await apply(tested, [a, b]);
      const seen = await until(tested, (all) => all.length > 0 && all.every(({ status }) => status === 'up'));
      expect(seen.map(({ id, host, port }) => ({ id, host, port })).toSorted(byId)).toEqual(
        [a, b].map(({ upstream: { id, host, port } }) => ({ id, host, port })),
      );
      expect(await answerers(tested)).toEqual(['a', 'b']);
    });

    it('changes nothing when it is told the same again', async () => {
      await using tested = await start();
      const all = [await tested.start('a'), await tested.start('b')];
      await apply(tested, all);
      await until(tested, (seen) => seen.every(({ status }) => status === 'up'));
      await apply(tested, all);
      expect((await observe(tested)).map(({ status }) => status)).toEqual(['up', 'up']);
    });

    it('sends nothing new to one that drains, and lets it end what it has', async () => {
      await using tested = await start();
      const [a, b] = [await tested.start('a'), await tested.start('b')];
      await apply(tested, [a]);
      await until(tested, (seen) => seen.every(({ status }) => status === 'up'));
      const slow = tested.send?.('/slow');
      while (tested.send !== undefined && a.waiting === 0) await tested.pass();
      await apply(tested, [a, b]);
      await until(tested, (seen) => seen.length === 2 && seen.every(({ status }) => status === 'up'));
      await apply(tested, [a, b], ['a']);
      const draining = (await observe(tested)).find(({ id }) => id === 'a');
      expect(draining?.status).toBe('draining');
      if (slow !== undefined) expect(draining?.inFlight).not.toBe(0);
      expect(await answerers(tested)).toEqual(['b']);
      a.release();
      if (slow !== undefined) expect(await slow).toEqual({ status: 200, body: 'a' });
      await until(tested, (seen) => seen.find(({ id }) => id === 'a')?.inFlight === 0);
    });

    it('sends to one again that drained', async () => {
      await using tested = await start();
      const all = [await tested.start('a'), await tested.start('b')];
      await apply(tested, all);
      await until(tested, (seen) => seen.every(({ status }) => status === 'up'));
      await apply(tested, all, ['a']);
      await until(tested, (seen) => seen.some(({ status }) => status === 'draining'));
      await apply(tested, all);
      await until(tested, (seen) => seen.every(({ status }) => status === 'up'));
      expect(await answerers(tested)).toEqual(['a', 'b']);
    });

    it('takes out who is not listed any more', async () => {
      await using tested = await start();
      const [a, b] = [await tested.start('a'), await tested.start('b')];
      await apply(tested, [a, b]);
      await until(tested, (seen) => seen.every(({ status }) => status === 'up'));
      await apply(tested, [b]);
      expect((await observe(tested)).map(({ id }) => id)).toEqual(['b']);
      expect(await answerers(tested)).toEqual(['b']);
    });

    it('sends to where one is now, when it comes again elsewhere', async () => {
      await using tested = await start();
      const [a, b] = [await tested.start('a'), await tested.start('b')];
      await apply(tested, [a]);
      await until(tested, (seen) => seen.every(({ status }) => status === 'up'));
      const moved = { ...b, upstream: { ...b.upstream, id: 'a' } };
      await apply(tested, [moved]);
      const [seen] = await until(tested, (all) => all.every(({ status }) => status === 'up'));
      expect(seen).toMatchObject({ id: 'a', port: b.upstream.port });
      expect(await answerers(tested)).toEqual(['b']);
    });

    it('goes from some to none and back', async () => {
      await using tested = await start();
      const all = [await tested.start('a'), await tested.start('b')];
      await apply(tested, all);
      await until(tested, (seen) => seen.every(({ status }) => status === 'up'));
      await apply(tested, []);
      expect(await observe(tested)).toEqual([]);
      if (tested.send !== undefined) expect((await tested.send('/')).status).toBeGreaterThanOrEqual(502);
      await apply(tested, all);
      await until(tested, (seen) => seen.length === 2 && seen.every(({ status }) => status === 'up'));
      expect(await answerers(tested)).toEqual(['a', 'b']);
    });

    it('sends nothing to one of weight 0', async () => {
      await using tested = await start();
      const [a, b] = [await tested.start('a'), await tested.start('b')];
      await apply(tested, [a, b]);
      await until(tested, (seen) => seen.every(({ status }) => status === 'up'));
      await apply(tested, [a, { ...b, upstream: { ...b.upstream, weight: 0 } }]);
      if (tested.send !== undefined) expect(await answerers(tested)).toEqual(['a']);
    });
  });
}

function apply(
  { driver }: ProxyUnderTest,
  all: readonly Pick<StartedUpstream, 'upstream'>[],
  draining: readonly string[] = [],
): Promise<void> {
  const wanted = all.map(
    ({ upstream }): WantedUpstream => ({
      ...upstream,
      mode: draining.includes(upstream.id) ? 'draining' : 'serving',
    }),
  );
  return driver.apply(wanted, new AbortController().signal);
}

function observe({ driver }: ProxyUnderTest): Promise<readonly SeenUpstream[]> {
  return driver.observe(new AbortController().signal);
}

async function until(
  tested: ProxyUnderTest,
  isReached: (seen: readonly SeenUpstream[]) => boolean,
): Promise<readonly SeenUpstream[]> {
  for (let look = 0; look < 400; look++) {
    const seen = await observe(tested);
    if (isReached(seen)) return seen;
    await tested.pass();
  }
  throw new Error(`Not reached: ${JSON.stringify(await observe(tested))}`);
}

/** Who answers thirty requests one after the other; of a simulation, who would. */
async function answerers(tested: ProxyUnderTest): Promise<string[]> {
  const { send } = tested;
  if (send === undefined) {
    const seen = await observe(tested);
    return seen
      .filter(({ status }) => status === 'up')
      .map(({ id, port }) => (id === 'a' && port === portOf('b') ? 'b' : id))
      .toSorted();
  }
  const answers = [];
  for (let request = 0; request < 30; request++) answers.push(await send('/'));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  return [...new Set(answers.map(({ body }) => body))].toSorted();
}

/** Where a simulation's upstreams are, by convention of this suite. */
export function portOf(id: string): number {
  return 8000 + id.charCodeAt(0);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
