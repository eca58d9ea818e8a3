import type { ServiceCommand } from 'loadline/scaling';
import { type ServiceDescription, secondGroupOf } from '../scaling/index.ts';

/** Which version of a service served last, and in which of its two groups. */
export interface Remembered {
  readonly version: string;
  readonly isSecond: boolean;
}

/** A group, and the build that the services file describes for it. */
export interface Seat {
  readonly group: string;
  /** Undefined where none with a name is described. */
  readonly version: string | undefined;
  readonly command: ServiceCommand;
}

export interface Seating {
  /** What serves by what is remembered, if anything is; the file may call it otherwise by now. */
  readonly running: string | undefined;
  readonly serving: Seat;
  /** Absent where no proxy could split the traffic. */
  readonly resting: Seat | undefined;
}

/**
 * Which build of a service is to be in which group. Pure.
 *
 * What served before goes on in its group. It is the candidate of the file where that has taken over and the file does not
 * say so yet; otherwise it is whatever the file gives the service itself.
 */
export function seat(service: ServiceDescription, remembered: Remembered | undefined): Seating {
  const { name, version, command, candidate } = service;
  const isSplit = [service.listen, service.haproxy, service.nginx].some((proxy) => proxy !== undefined);
  const second = secondGroupOf(name);
  const own = { version, command };
  // Where no candidate is described nothing is to run; what was left there leaves as everybody does.
  const other = { version: candidate?.version, command: candidate?.command ?? command };
  const isAhead = candidate !== undefined && remembered?.version === candidate.version;
  const isSecond = isSplit && remembered?.isSecond === true;
  return {
    running: remembered?.version,
    serving: { group: isSecond ? second : name, ...(isAhead ? other : own) },
    resting: isSplit ? { group: isSecond ? name : second, ...(isAhead ? own : other) } : undefined,
  };
}
