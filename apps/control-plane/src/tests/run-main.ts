/** The process of one run: started by `process-runner.ts`. It ends early, with its report, when who started it is gone. */
import { availableParallelism } from 'node:os';
import { systemClock } from 'loadline/base';
import {
  countWorkers,
  type LoadProgress,
  type LoadReport,
  openTransport,
  readLoadPlan,
  runLoad,
  runWorkers,
  sessionProtocolsOf,
  startLocalWorkers,
  usersAtMost,
} from 'loadline/load';
import { scenarioFileIn, writeReport } from './run-files.ts';
import type { FromRun, ToRun } from './run-messages.ts';
import type { RunJob } from './runner.ts';

/** So many connections a process holds with ease. */
const filesMax = 10_000;

const ending = new AbortController();

process.once('disconnect', () => ending.abort());
// Ctrl-C reaches all processes of a terminal; who started this one says when it is to end.
process.on('SIGINT', () => undefined);
process.on('message', (message: ToRun) => {
  if (message.kind === 'end') ending.abort();
  else void run(message.job);
});

async function run(job: RunJob): Promise<void> {
  try {
    await writeReport(job.folder, await makeLoad(job));
    await tell({ kind: 'done' });
  } catch (error) {
    await tell({ kind: 'failed', because: (error as Error).message });
  }
  // Whatever the load has left open ends with it.
  process.exit(0);
}

async function makeLoad({ folder, choice, address, protocol }: RunJob): Promise<LoadReport> {
  const file = scenarioFileIn(folder);
  const plan = await readLoadPlan(file, choice);
  const users = usersAtMost(plan);
  const options = {
    signal: ending.signal,
    onProgress: (progress: LoadProgress): void => void tell({ kind: 'progress', progress }),
  };
  const { count } = countWorkers(plan, undefined, { cores: availableParallelism(), filesMax });
  if (count > 1) {
    return runWorkers(plan, startLocalWorkers(count, users, { file, choice, address, protocol }), options);
  }
  const crowd = { users, generator: 0, sessions: sessionProtocolsOf(plan) };
  const transport = await openTransport(plan.target, address, protocol, systemClock, crowd);
  return runLoad(plan, { transport, ...options });
}

/** Resolves when it is on its way. Who has gone meanwhile is told nothing; the report is on the disk. */
function tell(message: FromRun): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || process.send === undefined) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
