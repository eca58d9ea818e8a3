import fc from 'fast-check';
import { isLoadlineError } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { readPodEvent, readPodPage } from '../../src/kubernetes/pod.ts';
import { FakeCluster, gone } from './fake-cluster.ts';

const shop = { name: 'shop-1', labels: { app: 'shop' }, ip: '10.1.2.3' };

function pageOf(cluster: FakeCluster, annotations: readonly string[] = []) {
  return readPodPage(cluster.list('default', {}), annotations);
}

describe('a list of pods', () => {
  it('gives of each what one needs to reach it', () => {
    const cluster = new FakeCluster();
    cluster.put({
      ...shop,
      annotations: { 'prometheus.io/port': '9000', other: 'x' },
      ports: [{ name: 'http', port: 8080 }, { port: 53, protocol: 'UDP' }, { port: 9000 }],
    });
    const { pods, next } = pageOf(cluster, ['prometheus.io/port', 'prometheus.io/path']);
    expect(next).toBeUndefined();
    expect(pods).toEqual([
      {
        name: 'shop-1',
        namespace: 'default',
        phase: 'Running',
        isTerminating: false,
        isReady: false,
        sinceMs: Date.UTC(2026, 0, 1),
        restarts: 0,
        ip: '10.1.2.3',
        annotations: { 'prometheus.io/port': '9000' },
        ports: [{ name: 'http', port: 8080 }, { port: 9000 }],
      },
    ]);
  });

  it('knows those that end, and those that have no address yet', () => {
    const cluster = new FakeCluster();
    cluster.put({ name: 'a', phase: 'Pending' }, { ...shop, name: 'b', isTerminating: true });
    expect(pageOf(cluster).pods).toMatchObject([
      { phase: 'Pending', isTerminating: false },
      { isTerminating: true },
    ]);
    expect(pageOf(cluster).pods[0]).not.toHaveProperty('ip');
  });

  it('knows since when one is ready, and what keeps another from it', () => {
    const cluster = new FakeCluster();
    const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);
    cluster.put(
      { ...shop, name: 'a', isReady: true, atMs, restarts: 2 },
      {
        ...shop,
        name: 'b',
        isReady: false,
        waiting: { reason: 'ImagePullBackOff', message: 'no such image' },
      },
      { ...shop, name: 'c', isReady: true, isTerminating: true, atMs },
    );
    expect(pageOf(cluster).pods).toMatchObject([
      { isReady: true, sinceMs: atMs, restarts: 2 },
      { isReady: false, remark: 'ImagePullBackOff: no such image' },
      { isReady: true, isTerminating: true, sinceMs: atMs },
    ]);
  });

  it('may be empty in the way of servers that write null', () => {
    expect(readPodPage({ metadata: { resourceVersion: '1' }, items: null }, [])).toEqual({
      pods: [],
      version: '1',
      next: undefined,
    });
  });

  it('is refused with everything that does not fit', () => {
    const wrong = {
      metadata: { resourceVersion: '1' },
      items: [
        {
          metadata: { name: 'a', creationTimestamp: 'yesterday' },
          status: { phase: 'Running', podIP: 'here' },
          spec: { containers: [{ ports: [{ containerPort: 0 }] }] },
        },
      ],
    };
    const problems = [
      'items[0].status.podIP must be an IP address',
      'metadata.namespace',
      'metadata.creationTimestamp',
      'ports[0].containerPort',
    ];
    try {
      readPodPage(wrong, []);
      expect.unreachable();
    } catch (error) {
      if (!isLoadlineError(error, 'KUBERNETES_ANSWER_INVALID')) throw error;
      expect(error.message).toContain(problems[0]);
      expect(error.facts.problems).toHaveLength(problems.length);
    }
  });

  it('is read or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (answer, items) => {
        for (const read of [
          () => readPodPage(answer, ['a']),
          () => readPodPage({ metadata: { resourceVersion: '1' }, items }, ['a']),
          () => readPodEvent(answer, ['a']),
          () => readPodEvent({ type: 'ADDED', object: items }, ['a']),
        ]) {
          try {
            read();
          } catch (error) {
            expect(isLoadlineError(error)).toBe(true);
          }
        }
      }),
    );
  });
});

describe('a line of a watch', () => {
  it('that says that the past is forgotten is an error of its own', () => {
    const { status } = gone('too old resource version: 1 (9)');
    expect(() => readPodEvent({ type: 'ERROR', object: status }, [])).toThrow(
      expect.objectContaining({ code: 'KUBERNETES_EXPIRED', message: expect.stringContaining('too old') }),
    );
    expect(() => readPodEvent({ type: 'ERROR', object: { code: 500, message: 'etcd is away' } }, [])).toThrow(
      expect.objectContaining({ code: 'KUBERNETES_FAILED' }),
    );
  });
});
