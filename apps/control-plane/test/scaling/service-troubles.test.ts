import type { Fleet, Instance } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { crashesOf, proxyTroublesOf } from '../../src/scaling/service-troubles.ts';

let made = 0;

function instance(state: Instance['state'], further: Partial<Instance> = {}): Instance {
  return { id: `shop-${++made}`, state, url: undefined, sinceMs: 0, restarts: 0, ...further };
}

function fleet(...instances: readonly Instance[]): Fleet {
  return { kind: 'seen', wanted: instances.length, ready: 0, starting: 0, stopping: 0, instances };
}

const waiting = (id: string): Instance => instance('waiting', { id, remark: 'exited with 1 after 2 s' });

describe('instances that crash', () => {
  it('are one trouble of their group, told by the first of them', () => {
    const all = [instance('ready'), waiting('shop-a'), waiting('shop-b'), waiting('shop-c')];
    expect(crashesOf('shop', fleet(...all))).toMatchObject([
      { begun: 'shop: shop-a exited with 1 after 2 s; so did 2 others', tellAfterMs: 0 },
    ]);
    expect(crashesOf('shop', fleet(waiting('shop-a'), waiting('shop-b')))).toMatchObject([
      { begun: 'shop: shop-a exited with 1 after 2 s; so did another' },
    ]);
  });

  it('are not through it while they start again, which is no news', () => {
    expect(crashesOf('shop', fleet(instance('starting', { restarts: 1 })))).toMatchObject([
      { key: 'crashes of shop', begun: undefined },
    ]);
  });

  it('are none where all start, serve or leave', () => {
    const all = [instance('starting'), instance('ready', { restarts: 3 }), instance('draining')];
    expect(crashesOf('shop', fleet(...all))).toEqual([]);
  });
});

describe('a proxy before a service', () => {
  const name = 'haproxy at /run/it.sock';

  it('is no trouble where it answers and does as it is told', () => {
    expect(proxyTroublesOf('shop', [{ name, isAnswering: true }])).toEqual([]);
  });

  it('is one where it does not answer, or refuses', () => {
    expect(
      proxyTroublesOf('shop', [
        { name, isAnswering: false, trouble: 'nobody listens there.' },
        { name: 'nginx in /srv', isAnswering: true, trouble: 'it refuses.' },
      ]),
    ).toMatchObject([
      {
        begun: `shop: ${name} does not answer: nobody listens there.`,
        over: `shop: ${name} answers again`,
      },
      { key: `shop: ${name} is out of step`, begun: undefined },
      {
        begun: 'shop: nginx in /srv answers, and is not in step: it refuses.',
        over: 'shop: nginx in /srv is in step again',
      },
    ]);
  });
});
