/** Load by wrk, on the core that the proxies do not have. */

import { wrkCommand } from '../load/contenders.ts';
import { runToEnd } from '../load/processes.ts';

export interface WrkRun {
  readonly requests: number;
  readonly perSecond: number;
  readonly latencyMsP50: number;
}

export async function runWrk(url: string, seconds: number, connections: number): Promise<WrkRun> {
  const { stdout } = await runToEnd(wrkCommand(url, seconds, ['--latency', '-c', String(connections)]));
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
  const latency = /50%\s+([\d.]+)(us|ms|s)/.exec(stdout);
  const bad = /Non-2xx or 3xx responses: (\d+)|Socket errors: (.*)/.exec(stdout);
  if (Number.isNaN(requests + perSecond) || latency === null)
    throw new Error(`Cannot read what wrk printed: ${stdout}`);
  // Refusals and broken connections are quick too.
  if (bad !== null) throw new Error(`Cannot count a run with failures: ${bad[0]}`);
  return {
    requests,
    perSecond,
    latencyMsP50: Number(latency[1]) * (unitsMs[latency[2] as string] as number),
  };
}

const unitsMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };
