/** Something that runs and takes requests: a process, a server somewhere. */
export interface RunningUnit {
  readonly host: string;
  readonly port: number;
  /** Where people and programs reach it. */
  readonly url: string;
  /** How it ended, for people. Never rejects. */
  readonly ended: Promise<string>;
  /** What it has used of the processor since its start, in milliseconds; undefined where nobody knows. */
  cpuMs?(): number | undefined;
  /** Asks it to end what it has. */
  terminate(): void;
  /** Ends it at once; where it is gone already there is nothing to do. */
  kill(): void;
}

/** How one kind of instance is started and looked at. */
export interface InstanceKind<Unit extends RunningUnit> {
  /** Undefined where it was told to stop before it was started. Whatever it throws is a crash like others. */
  start(stop: AbortSignal): Promise<Unit | undefined>;
  /** What is wrong with one that will not become ready; undefined where it is ready, or the signal came first. */
  untilReady(unit: Unit, signal: AbortSignal): Promise<string | undefined>;
  /** What is wrong with one that was ready and has to be ended; undefined where the signal came first. */
  untilBroken(unit: Unit, signal: AbortSignal): Promise<string | undefined>;
  readonly timing: InstanceTiming;
  /** Where it says why it ended, for people; undefined where nowhere. */
  readonly log?: string | undefined;
  /** What the latest one said last, in one line for people; undefined where nothing is known. Never throws. */
  lastLine?(): string | undefined;
}

export interface InstanceTiming {
  /** For leaving the traffic, and then again for ending. */
  readonly drainGraceMs: number;
  readonly restartDelayMs: number;
  readonly restartDelayMsMax: number;
  readonly stableMs: number;
  /** From its kill to its end; then it has outlived it. Absent: nobody counts. */
  readonly killLimitMs?: number;
}
