import { noArrivals, type Shape } from './shape.ts';

/** The same number of users from the stage's start to its end. */
export function constantUsers(users: number): Shape {
  return {
    ...noArrivals,
    usersAt: () => users,
    nextUserChange: () => undefined,
    usersPeak: users,
    iterationsPerUser: Number.POSITIVE_INFINITY,
  };
}
