import nodeProcess from 'node:process';
import type { GracefulStop } from './graceful-stop.ts';
import { exitCodeOf, type StopReport } from './stop-report.ts';

/** Which signals stop a service, and who hears how that went. */
export interface SignalOptions {
  /** Default SIGTERM, which Kubernetes and systemd send, and SIGINT of a terminal. */
  readonly signals?: readonly NodeJS.Signals[];
  /** Called before the process ends: for the log. */
  readonly onStopped?: (report: StopReport) => void;
  /** Whose signals, and what ends; this process by default. */
  readonly process?: SignalledProcess;
}

/** What is needed of a process. */
export interface SignalledProcess {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): unknown;
}

/**
 * Stops at the first signal and then ends the process, with the code that `exitCodeOf` gives. A second signal ends the
 * grace at once, so that what is open is still closed in order; a third ends the process where it stands.
 */
export function stopOnSignals(
  graceful: GracefulStop,
  { signals = ['SIGTERM', 'SIGINT'], onStopped, process = nodeProcess }: SignalOptions = {},
): void {
  let received = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    received++;
    if (received === 1) void graceful.stop(signal).then(end);
    else if (received === 2) graceful.force(signal);
    else process.exit(1);
  };
  const end = (report: StopReport): void => {
    onStopped?.(report);
    process.exit(exitCodeOf(report));
  };
  for (const signal of signals) process.on(signal, onSignal);
}
