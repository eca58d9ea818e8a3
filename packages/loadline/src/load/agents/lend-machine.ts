import { sleep, systemClock } from '../../base/index.ts';
import { loadError } from '../errors.ts';
import { startLocalWorkers } from '../workers/local-workers.ts';
import { usersAtMost } from '../workers/worker-count.ts';
import { deriveKey } from './agent-key.ts';
import { type JoinEnd, type JoinOptions, joinRun } from './join-run.ts';

/** What this machine gives, and to whom. */
export interface LendOptions
  extends Pick<JoinOptions, 'name' | 'allowHosts' | 'allowsScripts' | 'tell'>,
    Partial<Pick<JoinOptions, 'clock' | 'startWorkers'>> {
  readonly token: string;
  /** How many processes make load on this machine. */
  readonly workers: number;
  /** Takes part in one run only. */
  readonly isOnce: boolean;
}

/**
 * Lends this machine to whoever conducts runs at an address, to one run after the other, until the signal says no.
 * Where nobody is there it tries again, after a quarter of a second, then more, at least every two seconds.
 *
 * @param url `tls://HOST:PORT`
 * @throws the signal's reason; LOAD_AGENT_REFUSED; with `isOnce` also LOAD_AGENT_RUN_LOST.
 */
export async function lendMachine(url: URL, options: LendOptions, signal: AbortSignal): Promise<void> {
  const { token, workers, isOnce, clock = systemClock, tell } = options;
  const join: JoinOptions = {
    startWorkers: (plan, data) => startLocalWorkers(workers, usersAtMost(plan), data),
    ...options,
    clock,
    key: await deriveKey(token),
  };
  let told = '';
  let pauseMs = pauseMsMin;
  for (;;) {
    const end = await joinRun(url, join, signal);
    const line = describe(end, url);
    if (line !== told) tell(line);
    told = end.kind === 'absent' ? line : '';
    if (isOnce && end.kind === 'over') return;
    if (isOnce && end.kind !== 'absent') throw loadError('LOAD_AGENT_RUN_LOST', line, { facts: { ...end } });
    pauseMs = end.kind === 'absent' ? Math.min(pauseMs * 2, pauseMsMax) : pauseMsMin;
    await sleep(clock, pauseMs, signal);
  }
}

const pauseMsMin = 250;
const pauseMsMax = 2000;

function describe({ kind, because }: JoinEnd, url: URL): string {
  switch (kind) {
    case 'over':
      return 'The run is over.';
    case 'unfit':
      return `Cannot take part in the run: ${because}`;
    case 'lost':
      return `Lost who conducts the run, and stopped its load: ${because}.`;
    case 'absent':
      return `Nobody conducts a run at ${url.href} yet (${because}); trying again.`;
  }
}
