import { type Clock, type Field, isLoadlineError, parse } from '../../base/index.ts';
import { acceptAnswer, type Kubernetes } from '../../kubernetes/index.ts';
import type { KeptLease, LeaseBook, LeaseWish } from '../leadership/lease.ts';

/** Where the lease is. */
export interface LeaseBookOptions {
  readonly kubernetes: Kubernetes;
  /** For the times that people read; nobody decides by them. */
  readonly clock: Clock;
  /** Of the object; the same for all that are to choose one among them. */
  readonly name: string;
  /** Default: that of the account. */
  readonly namespace?: string;
}

/** Keeps a lease as an object of `coordination.k8s.io/v1`, as Kubernetes' own parts do. */
export function createLeaseBook({ kubernetes, clock, name, namespace }: LeaseBookOptions): LeaseBook {
  const where = namespace ?? kubernetes.namespace;
  const all = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(where)}/leases`;
  const one = `${all}/${encodeURIComponent(name)}`;
  /** As it was read, with all that others have written there. */
  let latest: LeaseObject | undefined;
  const keep = (answer: unknown): KeptLease => {
    latest = readLease(answer);
    return latest.kept;
  };
  return {
    async read(signal) {
      try {
        return keep(await kubernetes.get(one, {}, signal));
      } catch (error) {
        if (!isLoadlineError(error, 'KUBERNETES_NOT_FOUND')) throw error;
        latest = undefined;
        return undefined;
      }
    },
    async write(wish, signal) {
      const { replaces } = wish;
      if (replaces?.version !== latest?.kept.version) return 'conflict';
      const spec = specOf(wish, latest?.spec, clock.now());
      const change =
        latest === undefined
          ? ({
              method: 'POST',
              path: all,
              body: { ...kindOfLease, metadata: { name, namespace: where }, spec },
            } as const)
          : ({ method: 'PUT', path: one, body: { ...latest.object, spec } } as const);
      try {
        return keep(await kubernetes.send(change, signal));
      } catch (error) {
        if (isLoadlineError(error, 'KUBERNETES_CONFLICT')) return 'conflict';
        // Somebody has removed it: the next look finds none.
        if (isLoadlineError(error, 'KUBERNETES_NOT_FOUND')) return 'conflict';
        throw error;
      }
    },
  };
}

const kindOfLease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } as const;

interface LeaseObject {
  readonly object: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly kept: KeptLease;
}

function readLease(answer: unknown): LeaseObject {
  const kept = acceptAnswer(
    'a lease',
    parse(answer, (root): KeptLease => {
      const spec = root.at('spec');
      const holder = spec.at('holderIdentity');
      const seconds = spec.at('leaseDurationSeconds');
      const transitions = spec.at('leaseTransitions');
      return {
        holder: isThere(holder) && holder.value !== '' ? holder.string() : undefined,
        durationMs: isThere(seconds) ? seconds.number({ above: 0 }) * 1000 : 0,
        transitions: isThere(transitions) ? transitions.number({ atLeast: 0, whole: true }) : 0,
        version: root.at('metadata').at('resourceVersion').string(),
      };
    }),
  );
  const object = answer as Readonly<Record<string, unknown>>;
  return { object, spec: (object.spec ?? {}) as Readonly<Record<string, unknown>>, kept };
}

/** What others may have written beside ours stays: newer servers know more fields than we do. */
function specOf(
  { holder, durationMs, transitions, replaces }: LeaseWish,
  before: LeaseObject['spec'] | undefined,
  nowMs: number,
): object {
  const { holderIdentity: _, ...others } = before ?? {};
  const now = microTime(nowMs);
  const isSame = replaces !== undefined && replaces.holder === holder;
  return {
    ...others,
    // One that nobody has, has no holder: an empty name is refused.
    ...(holder === undefined ? {} : { holderIdentity: holder }),
    leaseDurationSeconds: Math.max(1, Math.round(durationMs / 1000)),
    leaseTransitions: transitions,
    acquireTime: (isSame ? before?.acquireTime : undefined) ?? now,
    renewTime: now,
  };
}

/** With six digits, not three: the server takes no other. */
function microTime(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('Z', '000Z');
}

function isThere({ value }: Field): boolean {
  return value !== undefined && value !== null;
}
