/** How one instance of a service is run. */
export interface ServiceCommand {
  readonly command: string;
  readonly args?: readonly string[];
  /** The whole environment of the process, beside its port; nothing is inherited that is not named here. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: where this process runs. */
  readonly cwd?: string;
  /** The variable by which it is told its port. Default `PORT`. */
  readonly portVariable?: string;
  /** Where it says by 200 that it takes requests. Default `/health/ready`. */
  readonly readyPath?: string;
  /** After that it counts as crashed. Default 30,000. */
  readonly readyTimeoutMs?: number;
  /** Ready once, and then without any answer there for so long, it is killed and started again. Default 60,000. */
  readonly hangAfterMs?: number;
  /**
   * For leaving the traffic, where something balances, and then again from SIGTERM, for ending what it has, until SIGKILL.
   * Default 30,000.
   */
  readonly drainGraceMs?: number;
  /** Before the first new start after a crash; twice as long after each further one. Default 1,000. */
  readonly restartDelayMs?: number;
  /** Where doubling ends. Default 60,000. */
  readonly restartDelayMsMax?: number;
  /** Who was ready for that long has left its crashes behind. Default 60,000. */
  readonly stableMs?: number;
  /** Keeps one instance to a share of the machine, so that more of them carry more. Default: none does. */
  readonly quota?: QuotaWish;
}

/** What one instance may have of the machine. */
export interface QuotaWish {
  /** Of the CPU, in cores: 0.25 is a quarter of one. Held by a control group. */
  readonly cores: number;
  /**
   * Until it is ready, in cores: a start is work that its share is not meant for, and a slow start is a late one.
   * Default 1, or `cores` where that is more.
   */
  readonly startCores?: number;
  /** Where none can be made: it is told by this variable how many requests it may have at once, and has to keep to it. */
  readonly otherwise?: { readonly variable: string; readonly requestsAtOnce: number };
}
