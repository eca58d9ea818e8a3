/** How upstreams are asked whether they are well; by default as the guide says. */
export interface HealthCheckPolicy {
  /** `http` asks for `path` and is content with any 2xx; `tcp` with a connection. Default `http`. */
  readonly kind: 'http' | 'tcp';
  /** Default `/health/ready`. */
  readonly path: string;
  /** Default 10,000. */
  readonly intervalMs: number;
  /** Between the first checks of a new one, until it is known how it is. Default 1,000. */
  readonly startIntervalMs: number;
  /** Default 5,000. */
  readonly timeoutMs: number;
  /** Good answers in a row after which it is fit. Default 2. */
  readonly up: number;
  /** Bad ones in a row after which it is not. Default 3. */
  readonly down: number;
}

/** The guide's figures: every 10 s, 5 s to answer, up after 2, down after 3. */
export const guideHealthCheck: HealthCheckPolicy = {
  kind: 'http',
  path: '/health/ready',
  intervalMs: 10_000,
  startIntervalMs: 1000,
  timeoutMs: 5000,
  up: 2,
  down: 3,
};

/** What checks have said so far. */
export interface HealthState {
  readonly status: 'starting' | 'up' | 'down';
  /** Answers in a row that speak against the status. */
  readonly against: number;
}

export const notChecked: HealthState = { status: 'starting', against: 0 };

/**
 * Takes in one answer. Pure. Who is starting is up after `up` good answers, and down after the first `down` bad
 * ones: whoever waits for it is then told that it does not come.
 */
export function afterCheck(
  state: HealthState,
  isGood: boolean,
  { up, down }: Pick<HealthCheckPolicy, 'up' | 'down'>,
): HealthState {
  switch (state.status) {
    case 'starting':
      return afterFirstChecks(state, isGood, { up, down });
    case 'up':
      return turned(state, !isGood, { after: down, to: 'down' });
    case 'down':
      return turned(state, isGood, { after: up, to: 'up' });
  }
}

function turned(
  state: HealthState,
  isAgainst: boolean,
  { after, to }: { readonly after: number; readonly to: 'up' | 'down' },
): HealthState {
  if (!isAgainst) return state.against === 0 ? state : { ...state, against: 0 };
  const against = state.against + 1;
  return against >= after ? { status: to, against: 0 } : { ...state, against };
}

/** Counts good ones upwards and bad ones downwards: each kind begins anew after the other. */
function afterFirstChecks(
  { against }: HealthState,
  isGood: boolean,
  { up, down }: Pick<HealthCheckPolicy, 'up' | 'down'>,
): HealthState {
  const run = isGood ? Math.max(0, against) + 1 : Math.min(0, against) - 1;
  if (run >= up) return { status: 'up', against: 0 };
  if (-run >= down) return { status: 'down', against: 0 };
  return { status: 'starting', against: run };
}
