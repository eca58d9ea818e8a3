import { type Clock, formatDuration, type Timer } from '../../base/index.ts';
import type { RestartProgress } from '../driver.ts';
import type { RestartRecord } from './fleet-record.ts';
import { planRestart, type RestartMember } from './plan-restart.ts';

/** What a rolling restart needs of its group. */
export interface RestartHands {
  readonly wanted: number;
  readonly members: readonly Omit<RestartMember, 'isOld'>[];
  /** One more. */
  start(): void;
  retire(id: string, because: string): void;
  /** Has no more than are wanted; of these the ones that are named go first. */
  trim(first: ReadonlySet<string>): void;
  /** Its progress is another now. */
  onChange(): void;
}

export interface RollingRestartOptions {
  readonly clock: Clock;
  /** From the start of a new one until it gets its share of the requests. */
  readonly limitMs: number;
  readonly hands: RestartHands;
  /** One that somebody before us has begun: it is over, and only told of. */
  readonly found?: RestartRecord | undefined;
}

/** A rolling restart from its beginning to its end; `planRestart` says what it does. */
export class RollingRestart {
  readonly #options: RollingRestartOptions;
  readonly #startedAtMs: number;
  readonly #old: readonly string[];
  /** How it ended. */
  #end: RestartProgress | undefined;
  #timer: Timer | undefined;

  /** It begins with the first `advance()`. */
  constructor(options: RollingRestartOptions) {
    const { clock, hands, found } = options;
    this.#options = options;
    this.#startedAtMs = found?.startedAtMs ?? clock.now();
    this.#old = found?.old ?? hands.members.filter(({ state }) => state !== 'draining').map(({ id }) => id);
    if (found !== undefined)
      this.#end = { ...this.#counts, state: 'stopped', endedAtMs: clock.now(), because: leftBehind };
  }

  get isGoing(): boolean {
    return this.#end === undefined;
  }

  /** For whoever comes after us; undefined where there is nothing to tell. */
  get record(): RestartRecord | undefined {
    return this.isGoing ? { startedAtMs: this.#startedAtMs, old: this.#old } : undefined;
  }

  get progress(): RestartProgress {
    return this.#end ?? { ...this.#counts, state: 'going' };
  }

  /** Does what can be done now; to be called whenever something has changed in the group. */
  advance(): void {
    if (!this.isGoing) return;
    const { clock, hands } = this.#options;
    const members = hands.members.map((each) => ({ ...each, isOld: this.#old.includes(each.id) }));
    const move = planRestart(members, hands.wanted);
    switch (move.kind) {
      case 'wait':
        // Somebody else may have started one: the group grows meanwhile.
        if (members.some(({ isOld, state }) => !isOld && state === 'starting')) this.#expect();
        else this.#expectNobody();
        break;
      case 'start':
        this.#expectNobody();
        this.#expect();
        hands.start();
        break;
      case 'retire':
        this.#expectNobody();
        hands.retire(move.id, 'a rolling restart has replaced it');
        break;
      case 'stop':
        this.stop(move.because);
        break;
      case 'done':
        this.#finish({ ...this.#counts, state: 'done', endedAtMs: clock.now() });
    }
  }

  /** Leaves those that were not replaced as they are. */
  stop(because: string): void {
    if (!this.isGoing) return;
    this.#finish({ ...this.#counts, state: 'stopped', endedAtMs: this.#options.clock.now(), because });
    const { hands } = this.#options;
    const isNew = ({ id }: { readonly id: string }): boolean => !this.#old.includes(id);
    hands.trim(new Set(hands.members.filter(isNew).map(({ id }) => id)));
  }

  /** One comes up that is to get requests within its time. */
  #expect(): void {
    const { clock, limitMs } = this.#options;
    this.#timer ??= clock.setTimer(() => this.stop(this.#overdue()), limitMs);
  }

  #expectNobody(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #overdue(): string {
    const { hands, limitMs } = this.#options;
    const late = hands.members.filter(({ id, state }) => !this.#old.includes(id) && state === 'starting');
    const [first] = late;
    const why = first?.remark === undefined ? '' : ` (it ${first.remark})`;
    return `${first?.id ?? 'a new instance'} took no requests within ${formatDuration(limitMs)}${why}`;
  }

  get #counts(): Pick<RestartProgress, 'startedAtMs' | 'of' | 'replaced'> {
    const there = new Set(this.#options.hands.members.map(({ id }) => id));
    const replaced = this.#old.filter((id) => !there.has(id)).length;
    return { startedAtMs: this.#startedAtMs, of: this.#old.length, replaced };
  }

  #finish(end: RestartProgress): void {
    this.#expectNobody();
    this.#end = end;
    this.#options.hands.onChange();
  }
}

const leftBehind = 'whoever was at it has ended, and another one looks after the group now';
