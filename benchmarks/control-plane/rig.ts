/** What stands around the control plane while it is measured: a database that has been in use, and those whom it watches. */
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import type { BenchOptions } from '../harness.ts';
import { leaveTargetCore } from '../load/processes.ts';
import { type BuiltPackages, buildPackages } from './built-packages.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { fillHistory } from './history.ts';

export interface Rig extends AsyncDisposable {
  readonly built: BuiltPackages;
  readonly database: StartedPostgres;
  readonly fleet: Fleet;
}

export async function buildRig(options: BenchOptions): Promise<Rig> {
  options.progress('building');
  await using made = new AsyncDisposableStack();
  made.use(leaveTargetCore());
  const built = made.use(await buildPackages());
  // What is acknowledged must survive a crash, also here: a temporary server would not wait for the disk.
  const settings = { fsync: 'on', full_page_writes: 'on', shared_buffers: '1GB', max_wal_size: '8GB' };
  const database = made.use(await startPostgres({ settings }));
  const fleet = made.use(await startFleet());
  await fillHistory(database.url, fleet, options);
  const all = made.move();
  return { built, database, fleet, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
