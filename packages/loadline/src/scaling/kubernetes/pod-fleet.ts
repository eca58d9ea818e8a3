import { bracketed } from '../../base/index.ts';
import type { Pod } from '../../kubernetes/index.ts';
import type { Fleet, Instance, InstanceState } from '../driver.ts';

/**
 * The fleet that pods make. Pure. Pods that have ended for good are none; those that are wanted and not there yet are
 * starting. Where there are more than wanted Kubernetes chooses who goes: so many count as stopping, though nobody can say
 * which.
 */
export function fleetOf(wanted: number, pods: readonly Pod[]): Fleet {
  const living = pods.filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed');
  const instances = living.map(instanceOf);
  const count = (...states: readonly InstanceState[]): number =>
    instances.filter(({ state }) => states.includes(state)).length;
  const [ready, unready, leaving] = [count('ready'), count('starting', 'waiting'), count('draining')];
  const missing = Math.max(0, wanted - ready - unready);
  const surplus = Math.max(0, ready + unready - wanted);
  // As Kubernetes does it: who is not ready goes first.
  const unreadySurplus = Math.min(unready, surplus);
  return {
    kind: 'seen',
    wanted,
    ready: ready - (surplus - unreadySurplus),
    starting: unready - unreadySurplus + missing,
    stopping: leaving + surplus,
    instances,
  };
}

function instanceOf(pod: Pod): Instance {
  const { name, ip, ports, sinceMs, restarts, remark } = pod;
  const [port] = ports;
  return {
    id: name,
    state: stateOf(pod),
    url: ip === undefined || port === undefined ? undefined : `http://${bracketed(ip)}:${port.port}`,
    sinceMs,
    restarts,
    ...(remark === undefined ? {} : { remark }),
  };
}

function stateOf({ isTerminating, isReady, remark }: Pod): InstanceState {
  if (isTerminating) return 'draining';
  if (isReady) return 'ready';
  return remark?.startsWith('CrashLoopBackOff') ? 'waiting' : 'starting';
}
