import { setImmediate } from 'node:timers/promises';
import { UserSketch } from 'loadline/observe';
import type { Member } from './member.ts';

/** Distinct signed-in users of the last five minutes, of each service of which an instance tells them. */
export async function usersByService(
  members: Iterable<Pick<Member, 'service' | 'users'>>,
): Promise<ReadonlyMap<string, number>> {
  const users = new Map<string, number>();
  for (const [service, own] of Map.groupBy(members, (member) => member.service)) {
    // To unite the sketches of many instances takes some milliseconds.
    if (users.size > 0) await setImmediate();
    const told = own.flatMap((member) => member.users() ?? []);
    if (told.length === 0) continue;
    const all = new UserSketch();
    for (const sketch of told) all.unite(sketch);
    users.set(service, all.count);
  }
  return users;
}
