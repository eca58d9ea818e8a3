import type { Clock } from 'loadline/base';
import type { Registry } from 'loadline/metrics';
import type { ScalingDriver, ScalingGate } from 'loadline/scaling';
import type { Store } from 'loadline/store';
import { createPull, type Pull } from './collect/index.ts';
import type { Configuration } from './configuration.ts';
import type { AuditEntry } from './contract/index.ts';
import { LiveStream } from './live/index.ts';
import { createIds, type Documents, type Journal, type NextId } from './memory/index.ts';
import type { Profilers } from './profiling/index.ts';
import {
  type Builds,
  createNewcomerWeights,
  type NewcomerWeights,
  type SplitPool,
} from './rollouts/index.ts';
import type { Notice, ProxyView, ServicesRead } from './scaling/index.ts';
import type { Runner } from './tests/index.ts';

/** What the control plane reaches beyond itself. */
export interface Surroundings {
  readonly clock: Clock;
  readonly documents: Documents;
  readonly journal: Journal<AuditEntry>;
  readonly store: ControlStore;
  readonly runner: Runner;
  /** Runs the groups of `builds`; it stays as it is: whoever made it closes it. */
  readonly driver: ScalingDriver;
  /** Of the services that are described. */
  readonly builds: Builds;
  /** What the services file says by now; default: what it said at the start. */
  readonly readServices?: (() => ServicesRead) | undefined;
  /** With which instances come into the traffic; default: nobody asks. */
  readonly weights?: NewcomerWeights | undefined;
  /** The proxies before a service, together; default: there are none. */
  readonly poolOf?: ((service: string) => SplitPool | undefined) | undefined;
  /** Which rules and policies of scaling take part, as flags say; default: all. */
  readonly scalingGate?: ScalingGate | undefined;
  /** The proxies before a service; default: there are none. */
  readonly proxiesOf?: ((service: string) => readonly ProxyView[] | undefined) | undefined;
  readonly profilers: Profilers;
  /** Asks an instance for its metrics; default over HTTP. */
  readonly pull?: Pull | undefined;
  /** What is told of this process itself. */
  readonly registry: Registry;
  /** Where failures, troubles of services and alerts are written, as JSON lines. */
  readonly log?: { write(line: string): void } | undefined;
}

/** What is remembered of the world; it stays open: whoever opened it closes it. */
export type ControlStore = Pick<
  Store,
  'metrics' | 'readings' | 'tests' | 'scalingEvents' | 'documents' | 'leases' | 'counts'
>;

/** What every step may take: the surroundings, complete, and what there is before any room. */
export interface World extends Surroundings {
  readonly configuration: Configuration;
  readonly readServices: () => ServicesRead;
  readonly weights: NewcomerWeights;
  readonly poolOf: (service: string) => SplitPool | undefined;
  readonly pull: Pull;
  readonly nextId: NextId;
  /** Writes down what can be survived. */
  readonly onFailure: (error: unknown) => void;
  /** Writes down what is wrong with what it looks after, and that it is over. */
  readonly onNotice: (notice: Notice) => void;
  /** Hears of everything that happens. */
  readonly live: LiveStream;
  /** For everything that goes on by itself once it is open: it is closed where a later one cannot be opened. @returns it. */
  readonly keep: <Room>(room: Room, close: (room: Room) => unknown) => Room;
  /** Closes all that is kept, the latest first. */
  readonly undo: () => Promise<void>;
}

export function worldOf(configuration: Configuration, surroundings: Surroundings): World {
  const { clock, builds, log } = surroundings;
  const nextId = createIds(clock);
  const write = (line: object): void => log?.write(`${JSON.stringify(line)}\n`);
  const onFailure = (error: unknown): void => write(failureLine(error, clock));
  const onNotice = (notice: Notice): void => write(noticeLine(notice, clock));
  const live = new LiveStream({ clock, run: nextId() });
  return {
    ...surroundings,
    configuration,
    readServices: surroundings.readServices ?? (() => ({ ok: true, services: configuration.services })),
    weights: surroundings.weights ?? createNewcomerWeights(builds),
    poolOf: surroundings.poolOf ?? (() => undefined),
    pull: surroundings.pull ?? createPull(clock),
    ...{ nextId, onFailure, onNotice, live },
    ...createUndo(onFailure),
  };
}

/** Whatever cannot be closed keeps nothing else from that: why the start came to nothing is what counts. */
function createUndo(onFailure: (error: unknown) => void): Pick<World, 'keep' | 'undo'> {
  const closes: (() => unknown)[] = [];
  return {
    keep(room, close) {
      closes.push(() => close(room));
      return room;
    },
    async undo() {
      for (let close = closes.pop(); close !== undefined; close = closes.pop())
        try {
          await close();
        } catch (error) {
          onFailure(error);
        }
    },
  };
}

function noticeLine({ isOver, text }: Notice, clock: Clock): Readonly<Record<string, unknown>> {
  return { level: isOver ? 30 : 40, time: clock.now(), msg: text };
}

function failureLine(error: unknown, clock: Clock): Readonly<Record<string, unknown>> {
  const { stack, message } = error as Partial<Error>;
  return { level: 50, time: clock.now(), msg: message ?? String(error), stack };
}
