import type { Clock } from 'loadline/base';
import { type AuditEntry, type OperationName, type Requester, timeOf } from '../contract/index.ts';
import type { Journal, NextId } from '../memory/index.ts';

/** Something that was asked for and would change something, and what became of it. */
export interface AuditedRequest {
  readonly operation: OperationName;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly who: Requester | undefined;
  readonly from: string;
  readonly status: number;
  readonly requestId: string;
}

/** Writes down who changes what. */
export function createAudit(options: {
  readonly journal: Journal<AuditEntry>;
  readonly clock: Clock;
  readonly nextId: NextId;
}): (request: AuditedRequest) => Promise<void> {
  const { journal, clock, nextId } = options;
  return ({ who, path, ...request }) =>
    journal.append({
      id: nextId(),
      at: timeOf(clock.now()),
      ...(who === undefined ? {} : { keyId: who.keyId, keyName: who.name }),
      ...request,
      // Whoever is refused can send anything.
      path: path.slice(0, pathMax),
      outcome: outcomeOf(request.status),
    });
}

const pathMax = 500;

function outcomeOf(status: number): AuditEntry['outcome'] {
  if (status < 400) return 'done';
  return status < 500 ? 'refused' : 'failed';
}
