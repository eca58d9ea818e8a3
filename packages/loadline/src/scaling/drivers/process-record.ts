import type { GroupRecord, InstanceRecord } from './fleet-record.ts';
import type { InstanceGroup, Member } from './instance-group.ts';
import type { ProcessKind, ProcessUnit } from './process-kind.ts';

export type ProcessGroup = InstanceGroup<ProcessUnit, ProcessKind>;

type ProcessMember = Member<ProcessUnit, ProcessKind>;

/** What the next driver has to know of a group. Pure. */
export function recordOf({ wanted, members, restartRecord }: ProcessGroup): GroupRecord {
  return { wanted, instances: keepersFirst(members).map(instanceRecord), restart: restartRecord };
}

/** Those that are to go stand last, so that whoever reads the record knows them. */
function keepersFirst(members: readonly ProcessMember[]): readonly ProcessMember[] {
  const isLeaving = ({ instance }: ProcessMember): number => (instance.state === 'draining' ? 1 : 0);
  return members.toSorted((a, b) => isLeaving(a) - isLeaving(b));
}

function instanceRecord({ instance: { id, restarts, unit } }: ProcessMember): InstanceRecord {
  const { pid, port, startMark } = unit ?? {};
  const isKnown = pid !== undefined && port !== undefined && startMark !== undefined;
  return { id, restarts, running: isKnown ? { pid, port, startMark } : undefined };
}
