import { noArrivals, type Shape } from './shape.ts';

/** So many users, each of which does its iterations and goes. */
export function iterations(users: number, perUser: number): Shape {
  return {
    ...noArrivals,
    usersAt: () => users,
    nextUserChange: () => undefined,
    usersPeak: users,
    iterationsPerUser: perUser,
  };
}
