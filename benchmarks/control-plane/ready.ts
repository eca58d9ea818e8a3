import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { temporaryFolder } from '../load/temporary-folder.ts';
import { type PlaneOptions, startPlane } from './plane.ts';
import type { Rig } from './rig.ts';

const readyMsMax = 3000;

/** From before the process is made to the first 200 of `/health/ready`; each time with a database that is there already. */
export async function measureReady(rig: Rig, options: BenchOptions): Promise<Row[]> {
  using home = temporaryFolder('home');
  using ownHome = temporaryFolder('own-home');
  const { bin } = rig.built;
  const starts = options.short ? 3 : 9;
  const own = { bin, home: ownHome.path };
  // The first start makes the database; whatever was compiled is kept from here on.
  await using first = await startPlane(own);
  await first[Symbol.asyncDispose]();
  options.progress(`${starts} starts with each`);
  return [
    await rowFor('of its own', own, starts),
    await rowFor(
      'elsewhere',
      {
        bin,
        home: home.path,
        databaseUrl: rig.database.url,
        words: rig.fleet.words({ instances: 200, everyMs: 5000 }),
      },
      starts,
    ),
  ];
}

async function rowFor(where: string, plane: PlaneOptions, starts: number): Promise<Row> {
  const times: number[] = [];
  for (let start = 0; start < starts; start++) {
    await using running = await startPlane(plane);
    times.push(running.readyMs);
  }
  const { median, spread } = figureOf(times);
  return rowOf(
    { name: `ready, with an existing database ${where}`, unit: 'ms', value: median, spread },
    { target: `below ${readyMsMax} ms`, met: median < readyMsMax },
  );
}
