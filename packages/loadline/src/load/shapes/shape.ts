/** One stage of a schedule, from its own start at 0 to its length. Pure. */
export interface Shape {
  /** How many users a closed stage wants at this time; 0 in an open stage. */
  usersAt(sinceMs: number): number;
  /** When that number changes next within the stage, after this time; undefined when it does not. */
  nextUserChange(sinceMs: number): number | undefined;
  readonly usersPeak: number;
  /** How many iterations each user may begin. */
  readonly iterationsPerUser: number;
  /** How many arrivals an open stage has; 0 in a closed stage. */
  readonly arrivals: number;
  /** When the arrival of this index (from 0, below `arrivals`) is due. */
  arrivalAt(index: number): number;
  /** How much of an arrival is still to pass before the one that would come next. */
  readonly untilNext: number;
}

/** What a closed stage says of arrivals: there are none. */
export const noArrivals: Pick<Shape, 'arrivals' | 'arrivalAt' | 'untilNext'> = {
  arrivals: 0,
  arrivalAt: () => Number.POSITIVE_INFINITY,
  untilNext: 0,
};

/** What an open stage says of users: it wants none of its own. */
export const noUsers: Pick<Shape, 'usersAt' | 'nextUserChange' | 'usersPeak' | 'iterationsPerUser'> = {
  usersAt: () => 0,
  nextUserChange: () => undefined,
  usersPeak: 0,
  iterationsPerUser: Number.POSITIVE_INFINITY,
};

/** Rounds up, but not for the error of adding floats: 0.3 s at 10/s are 3 arrivals, not 3.0000000004. */
export function wholeFrom(count: number): number {
  return Math.ceil(count - Math.max(1e-9, count * 1e-12));
}
