/**
 * What runs the instances of groups: processes of this machine, a Kubernetes deployment, a simulation. A driver
 * decides nothing. It is told how many are wanted, and says what is really there; what it was told before, or
 * claims to have done, counts for nothing beside what it observes.
 */
export interface ScalingDriver {
  /** What is there now. */
  observe(group: string, signal: AbortSignal): Promise<Observed>;
  /**
   * Wants this many instances, and returns when that has been taken up, not when they are ready: the next
   * observation tells. Wanting what is wanted already changes nothing.
   */
  apply(group: string, replicas: number, signal: AbortSignal): Promise<Outcome>;
  /**
   * Replaces every instance that is there by a new one, one after the other and never with fewer that serve, and returns when
   * that has been taken up: `restart` of the next observation tells how far it is. One that goes on already is refused. Absent
   * where the engine cannot do it.
   */
  restart?(group: string, signal: AbortSignal): Promise<Outcome>;
  /** Leaves those that were not replaced yet as they are; refused where none goes on. */
  endRestart?(group: string, because: string, signal: AbortSignal): Promise<Outcome>;
}

/** A driver that can replace instances. */
export type ReplacingDriver = Required<ScalingDriver>;

/** Members of a union rather than errors: a group that cannot be seen is an everyday matter for a scaler. */
export type Observed = Fleet | { readonly kind: 'unseen'; readonly because: string };

/** The instances of a group. */
export interface Fleet {
  readonly kind: 'seen';
  /** How many the engine was last told to run. */
  readonly wanted: number;
  /** Take requests. */
  readonly ready: number;
  /** On their way up, or being started again after a crash. */
  readonly starting: number;
  /** On their way down: they take nothing new and end what they have. */
  readonly stopping: number;
  readonly instances: readonly Instance[];
  /**
   * Why the engine does not make what it was told to run, nor will by itself: what is missing then counts neither as starting nor as
   * stopping. For people, to end a sentence with; absent where it makes it.
   */
  readonly unmet?: string;
  /** What keeps one instance to its share of the machine; absent where nobody asked for that. */
  readonly quota?: Quota;
  /** The latest rolling restart; absent where nobody remembers one. */
  readonly restart?: RestartProgress;
}

/** How far a rolling restart is, or how it ended. */
export type RestartProgress = RestartCounts &
  (
    | { readonly state: 'going' }
    | { readonly state: 'done'; readonly endedAtMs: number }
    | {
        /** Those that were not replaced by then stay as they are. */
        readonly state: 'stopped';
        readonly endedAtMs: number;
        readonly because: string;
      }
  );

interface RestartCounts {
  readonly startedAtMs: number;
  /** Instances that were there when it began. */
  readonly of: number;
  /** Those of them that are gone. */
  readonly replaced: number;
}

/** How an instance is kept to its share. Nothing is limited silently in another way than was asked for. */
export type Quota =
  | { readonly by: 'control group'; readonly cores: number }
  | {
      /** No control group could be made, so each was told how many requests it may have at once. */
      readonly by: 'admission';
      readonly requestsAtOnce: number;
      readonly because: string;
    }
  | { readonly by: 'nothing'; readonly because: string };

/** One instance of a group, as whatever runs it tells of it. */
export interface Instance {
  readonly id: string;
  readonly state: InstanceState;
  /** Where it takes requests; undefined where the engine doesn't tell. */
  readonly url: string | undefined;
  /** In this state since, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** When it was made, whatever has happened to it since; absent where the engine doesn't tell. */
  readonly startedMs?: number;
  /**
   * Of the processor, since what runs of it now was started, in milliseconds; absent where the engine doesn't tell. An instance
   * with too much to do answers late when it is asked.
   */
  readonly cpuMs?: number;
  /** How often it was started again after it had ended by itself. */
  readonly restarts: number;
  /** For people, where there is something to say: `exited with 1 after 2.3 s; starts again in 4 s`. */
  readonly remark?: string;
}

/** `waiting`: it has crashed, and is given time before the next start. `draining`: it takes nothing new and ends what it has. */
export type InstanceState = 'starting' | 'ready' | 'waiting' | 'draining';

/** Whether it ends by itself again and again: it carries nothing, and nobody can say when it will. */
export function isCrashLooping({ state, restarts }: Pick<Instance, 'state' | 'restarts'>): boolean {
  return state === 'waiting' && restarts >= crashesMax;
}

const crashesMax = 3;

/** What came of an order: of `apply`, `restart` or `endRestart`. */
export type Outcome =
  | { readonly kind: 'accepted' }
  | {
      /** Nothing was changed, or not all of it; trying again at once would not help. */
      readonly kind: 'refused';
      readonly because: string;
    };

/**
 * The balancer before a group: a driver lets requests to who is ready, and takes out who is to go before it stops it.
 * Whatever is asked may be asked again.
 */
export interface TrafficGate {
  /** Resolves when it gets its share everywhere; throws where that cannot be had now. */
  admit(instance: ServedInstance, signal: AbortSignal): Promise<void>;
  /** Sends it nothing new, waits until it has nothing in flight, and takes it out: also where that is overdue. */
  withdraw(instance: LeavingInstance, signal: AbortSignal): Promise<Withdrawal>;
  /** Why one that is to be let in does not get its share yet, for people; undefined where it does, or nobody knows. */
  whyOutside?(instance: ServedInstance): string | undefined;
  /** How many requests it is busy with at present; undefined where the balancer doesn't tell. */
  inFlight?(instance: ServedInstance): number | undefined;
}

/** An instance that takes requests, and where. */
export interface ServedInstance {
  readonly group: string;
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

/** One that is to go, and how long it has for that. */
export interface LeavingInstance extends ServedInstance {
  /** For ending what it has, in milliseconds; 0 where it is gone already. */
  readonly graceMs: number;
}

/** How an instance has left the traffic; it is out of it in any case. */
export type Withdrawal =
  | { readonly kind: 'drained' }
  | { readonly kind: 'overdue'; readonly inFlight: number | undefined }
  /** A balancer is away, so that nobody knows: whatever it sends, waiting would not end it. */
  | { readonly kind: 'unverified'; readonly because: string };
