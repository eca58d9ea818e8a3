import { OpenFeature, ProviderEvents, ProviderStatus } from '@openfeature/server-sdk';
import { createVirtualClock } from 'loadline/base';
import { type FlagChange, type FlagSource, parseFlags } from 'loadline/scaling/flags';
import { createFlagProvider, openFeatureGate } from 'loadline/scaling/open-feature';
import { afterEach, describe, expect, it } from 'vitest';

interface Spoken extends FlagSource {
  say(flags: unknown, change: FlagChange): void;
  readonly isClosed: boolean;
}

function sourceOf(flags: unknown, status: FlagSource['status'] = { kind: 'current', atMs: 0 }): Spoken {
  const listeners = new Set<(change: FlagChange) => void>();
  const read = (input: unknown): FlagSource['flags'] => {
    const parsed = parseFlags({ flags: input });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    return parsed.value;
  };
  const source = {
    name: 'a test',
    flags: read(flags),
    status,
    isClosed: false,
    onChange(listener: (change: FlagChange) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      source.isClosed = true;
    },
    [Symbol.asyncDispose]: () => source.close(),
    say(next: unknown, change: FlagChange) {
      source.flags = read(next);
      if (change.kind === 'stale') source.status = { kind: 'stale', sinceMs: 0, because: change.because };
      if (change.kind === 'current') source.status = { kind: 'current', atMs: 0 };
      for (const listener of listeners) listener(change);
    },
  };
  return source;
}

const flags = {
  forecast: { rules: [{ when: { group: 'api' }, serve: 'on' }], serve: 'off' },
  greeting: 'hello',
  limit: 12,
  layout: { variants: { wide: { columns: 3 } }, serve: 'wide' },
  checkout: { serve: { on: 100 } },
  idle: { enabled: false, serve: 'on' },
};

afterEach(() => OpenFeature.clearProviders());

async function clientOf(source: FlagSource): Promise<ReturnType<typeof OpenFeature.getClient>> {
  await OpenFeature.setProviderAndWait('tests', createFlagProvider(source));
  return OpenFeature.getClient('tests');
}

describe('a provider of flags', () => {
  it('answers for every type, and says why', async () => {
    const client = await clientOf(sourceOf(flags));
    expect(await client.getBooleanDetails('forecast', false, { group: 'api' })).toMatchObject({
      value: true,
      variant: 'on',
      reason: 'TARGETING_MATCH',
    });
    expect(await client.getBooleanDetails('forecast', true, {})).toMatchObject({
      value: false,
      reason: 'DEFAULT',
    });
    expect(await client.getStringDetails('greeting', '')).toMatchObject({ value: 'hello', reason: 'STATIC' });
    expect(await client.getNumberValue('limit', 0)).toBe(12);
    expect(await client.getObjectValue('layout', {})).toEqual({ columns: 3 });
    expect(await client.getBooleanDetails('checkout', false, { targetingKey: 'ada' })).toMatchObject({
      reason: 'SPLIT',
    });
  });

  it.each([
    ['absent', {}, 'ERROR', 'FLAG_NOT_FOUND'],
    ['greeting', {}, 'ERROR', 'TYPE_MISMATCH'],
    ['checkout', {}, 'ERROR', 'TARGETING_KEY_MISSING'],
    ['idle', {}, 'DISABLED', undefined],
  ])('leaves %s to who asks', async (name, context, reason, errorCode) => {
    const client = await clientOf(sourceOf(flags));
    const details = await client.getBooleanDetails(name, true, context);
    expect(details).toMatchObject({ value: true, reason });
    expect(details.errorCode).toBe(errorCode);
  });

  it('tells of changes, of being stale and of being current again', async () => {
    const source = sourceOf(flags);
    const client = await clientOf(source);
    const heard: unknown[] = [];
    client.addHandler(ProviderEvents.ConfigurationChanged, (details) => heard.push(details?.flagsChanged));
    client.addHandler(ProviderEvents.Stale, (details) => heard.push(details?.message));
    source.say({ ...flags, limit: 13 }, { kind: 'changed', names: ['limit'] });
    await expect.poll(() => heard).toEqual([['limit']]);
    expect(await client.getNumberValue('limit', 0)).toBe(13);
    source.say(flags, { kind: 'stale', because: 'the database is away' });
    await expect.poll(() => client.providerStatus).toBe(ProviderStatus.STALE);
    expect(heard.at(-1)).toBe('the database is away');
    expect(await client.getNumberDetails('limit', 0)).toMatchObject({ value: 12, reason: 'STALE' });
    source.say(flags, { kind: 'current' });
    await expect.poll(() => client.providerStatus).toBe(ProviderStatus.READY);
  });

  it('is not ready while nothing was ever read, and becomes so', async () => {
    const source = sourceOf({}, { kind: 'never read', because: 'the database is away' });
    await expect(OpenFeature.setProviderAndWait('tests', createFlagProvider(source))).rejects.toThrow(
      'the database is away',
    );
    const client = OpenFeature.getClient('tests');
    expect(await client.getBooleanDetails('forecast', true)).toMatchObject({ value: true, reason: 'ERROR' });
    source.say(flags, { kind: 'current' });
    await expect.poll(() => client.providerStatus).toBe(ProviderStatus.READY);
    expect(await client.getBooleanValue('forecast', true)).toBe(false);
  });

  it('closes its source with it', async () => {
    const source = sourceOf(flags);
    await clientOf(source);
    await OpenFeature.clearProviders();
    await expect.poll(() => source.isClosed).toBe(true);
  });
});

describe('openFeatureGate()', () => {
  it('answers at once with what was said last, and asks again', async () => {
    const clock = createVirtualClock();
    const source = sourceOf(flags);
    using opened = openFeatureGate({ clock, client: await clientOf(source) });
    const { gate } = opened;
    expect(gate('forecast', { group: 'api' })).toBe(false);
    await opened.refresh();
    expect([gate('forecast', { group: 'api' }), gate('forecast', { group: 'bots' })]).toEqual([true, false]);
    source.say({ forecast: false }, { kind: 'changed', names: ['forecast'] });
    await clock.advance(2000);
    await expect.poll(() => gate('forecast', { group: 'api' })).toBe(false);
  });

  it('keeps the last answer of a client that gives none, and counts', async () => {
    const clock = createVirtualClock();
    let isAway = false;
    const client = {
      async getBooleanValue(): Promise<boolean> {
        if (isAway) throw new Error('away');
        return true;
      },
    };
    using opened = openFeatureGate({ clock, client });
    opened.gate('a', {});
    await opened.refresh();
    isAway = true;
    await opened.refresh();
    expect(opened.gate('a', {})).toBe(true);
    expect(opened.failed).toBe(1);
    for (let each = 0; each < 2000; each++) opened.gate('a', { each });
    await opened.refresh();
    expect(opened.gate('a', { each: 1999 })).toBe(false);
  });

  it('leaves no more than a few questions open with a client that hangs, and takes no late answer', async () => {
    const clock = createVirtualClock();
    const asked: ((isOpen: boolean) => void)[] = [];
    const client = { getBooleanValue: () => new Promise<boolean>((resolve) => asked.push(resolve)) };
    using opened = openFeatureGate({ clock, client });
    opened.gate('a', {});
    await clock.advance(60_000);
    expect([asked.length, opened.failed]).toEqual([3, 28]);
    asked[2]?.(true);
    await clock.advance(0);
    asked[0]?.(false);
    await clock.advance(0);
    expect(opened.gate('a', {})).toBe(true);
    await clock.advance(2000);
    expect(asked).toHaveLength(4);
  });
});
