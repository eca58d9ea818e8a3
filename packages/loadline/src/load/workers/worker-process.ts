/** The process of a local worker: started by `startLocalWorkers`, ends with who started it. */
import { systemClock } from '../../base/index.ts';
import { type PlanOptions, readLoadPlan } from '../file/read-plan.ts';
import { sessionProtocolsOf } from '../session-protocols.ts';
import { openTransport, type ProtocolOptions } from '../transports/open-transport.ts';
import { heedSilence } from './heed-silence.ts';
import { parentLink } from './process-link.ts';
import { work } from './worker.ts';
import { usersAtMost } from './worker-count.ts';

/** What a worker is told before its first job. */
export interface WorkerData {
  readonly file: string;
  readonly choice: PlanOptions;
  /** Judged by who started it. */
  readonly address: string;
  readonly protocol: ProtocolOptions;
}

if (process.send !== undefined) {
  const { link, data } = await parentLink();
  const { file, choice, address, protocol } = data as WorkerData;
  await work(heedSilence(link, systemClock), {
    clock: systemClock,
    plan: () => readLoadPlan(file, choice),
    openTransport: (plan, clock, { index, count }) =>
      openTransport(plan.target, address, protocol, clock, {
        users: usersAtMost(plan) / count,
        generator: index,
        sessions: sessionProtocolsOf(plan),
      }),
  });
  // The load ends with its conductor, whatever is still under way.
  process.exit(0);
}
