import { createVirtualClock } from 'loadline/base';
import { createLeaseBook } from 'loadline/scaling/kubernetes';
import { describe, expect, it } from 'vitest';
import type { KeptLease, LeaseBook } from '../../../src/scaling/leadership/lease.ts';
import { FakeApi, reachApi } from '../../kubernetes/fake-api.ts';

const { signal } = new AbortController();
const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

function open(): { readonly api: FakeApi; readonly book: LeaseBook; readonly other: LeaseBook } {
  const clock = createVirtualClock();
  const api = new FakeApi({ clock });
  const make = (): LeaseBook => createLeaseBook({ kubernetes: reachApi(api), clock, name: 'scaler' });
  return { api, book: make(), other: make() };
}

const wish = (holder: string | undefined, replaces?: KeptLease, transitions = 1) => ({
  ...{ holder, durationMs: 15_000, transitions, replaces },
});

describe('a lease of Kubernetes', () => {
  it('is made where there is none, by one of two', async () => {
    const { book, other, api } = open();
    expect([await book.read(signal), await other.read(signal)]).toEqual([undefined, undefined]);
    expect(await book.write(wish('a'), signal)).toMatchObject({
      holder: 'a',
      durationMs: 15_000,
      transitions: 1,
    });
    expect(await other.write(wish('b'), signal)).toBe('conflict');
    expect(api.objects.get(`${leases}/scaler`)).toMatchObject({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z' },
    });
  });

  it('is replaced only by who has seen its latest version', async () => {
    const { book, other } = open();
    await book.read(signal);
    const first = (await book.write(wish('a'), signal)) as KeptLease;
    const seen = (await other.read(signal)) as KeptLease;
    expect(seen).toEqual(first);
    expect(await book.write(wish('a', first), signal)).toMatchObject({ holder: 'a' });
    expect(await other.write(wish('b', seen), signal)).toBe('conflict');
  });

  it('keeps what others have written there, and when it was taken', async () => {
    const { book, api } = open();
    api.objects.put(leases, {
      metadata: { name: 'scaler', labels: { team: 'shop' } },
      spec: {
        holderIdentity: 'a',
        leaseDurationSeconds: 15,
        acquireTime: '2025-01-01T00:00:00.000000Z',
        strategy: 'x',
      },
    } as never);
    const seen = (await book.read(signal)) as KeptLease;
    await book.write(wish('a', seen), signal);
    expect(api.objects.get(`${leases}/scaler`)).toMatchObject({
      metadata: { labels: { team: 'shop' } },
      spec: { acquireTime: '2025-01-01T00:00:00.000000Z', strategy: 'x' },
    });
  });

  it('that is given up has no holder, and is free at once', async () => {
    const { book, api } = open();
    await book.read(signal);
    const mine = (await book.write(wish('a'), signal)) as KeptLease;
    await book.write({ ...wish(undefined, mine), durationMs: 1000 }, signal);
    expect(api.objects.get(`${leases}/scaler`).spec).not.toHaveProperty('holderIdentity');
    expect(await book.read(signal)).toMatchObject({ holder: undefined, transitions: 1 });
  });

  it('that was removed is a conflict first, and then there is none', async () => {
    const { book, api } = open();
    await book.read(signal);
    const mine = (await book.write(wish('a'), signal)) as KeptLease;
    api.objects.remove(`${leases}/scaler`);
    expect(await book.write(wish('a', mine), signal)).toBe('conflict');
    expect(await book.read(signal)).toBeUndefined();
  });
});
