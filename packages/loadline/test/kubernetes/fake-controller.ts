import type { Clock } from 'loadline/base';
import type { FakeCluster } from './fake-cluster.ts';
import type { FakeObject } from './fake-objects.ts';

export interface FakeControllerOptions {
  readonly clock: Clock;
  readonly startMs?: number;
  readonly stopMs?: number;
  /** From a change of the pod template until the controller has seen it. Default 50. */
  readonly controlMs?: number;
}

interface LivingPod {
  readonly pod: string;
  /** The template that it was made of. */
  readonly template: string;
  isReady: boolean;
}

interface DeploymentSpec {
  readonly replicas: number;
  readonly template: object;
  readonly paused?: boolean;
}

/**
 * What the controllers behind deployments do, by the reference of `apps/v1`: as many pods as are wanted, and when their template
 * has changed a new one for each, with one more than are wanted at a time and never fewer that are ready. What a scale changes
 * they see at once, another template a little later, which `observedGeneration` tells.
 */
export class FakeController {
  readonly #options: Required<FakeControllerOptions>;
  readonly #pods: FakeCluster;
  readonly #read: (name: string) => FakeObject;
  readonly #living = new Map<string, LivingPod[]>();
  readonly #observed = new Map<string, { readonly generation: number; readonly template: string }>();
  readonly #conditions = new Map<string, readonly object[]>();
  #areStartsHeld = false;
  #made = 0;

  constructor(
    { clock, startMs = 1000, stopMs = 1000, controlMs = 50 }: FakeControllerOptions,
    { pods, read }: { readonly pods: FakeCluster; readonly read: (name: string) => FakeObject },
  ) {
    this.#options = { clock, startMs, stopMs, controlMs };
    this.#pods = pods;
    this.#read = read;
  }

  specChanged(name: string): void {
    const template = JSON.stringify(this.#specOf(name).template);
    const isKnown = this.#observed.get(name)?.template === template || !this.#observed.has(name);
    if (isKnown) this.#observe(name);
    else this.#options.clock.setTimer(() => this.#observe(name), this.#options.controlMs);
  }

  holdStarts(isHeld: boolean): void {
    this.#areStartsHeld = isHeld;
    if (isHeld) return;
    for (const [name, living] of this.#living)
      for (const each of living) if (!each.isReady) this.#becomeReady(name, each);
  }

  tellCondition(name: string, condition: object): void {
    this.#conditions.set(name, [condition]);
  }

  podsOf(name: string): number {
    return this.#living.get(name)?.length ?? 0;
  }

  /** What is nothing is left out, as the server does. */
  statusOf(name: string): object {
    const living = this.#living.get(name) ?? [];
    const observed = this.#observed.get(name);
    const updated = living.filter(({ template }) => template === observed?.template);
    const ready = living.filter(({ isReady }) => isReady).length;
    const counts = {
      replicas: living.length,
      updatedReplicas: updated.length,
      readyReplicas: ready,
      availableReplicas: ready,
    };
    return {
      observedGeneration: observed?.generation,
      ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
      conditions: this.#conditions.get(name) ?? [],
    };
  }

  crashOne(name: string): void {
    const [oldest] = this.#living.get(name) ?? [];
    if (oldest === undefined) throw new Error(`There is no pod of ${name}.`);
    this.#show(oldest.pod, name, { isReady: false, restarts: 1 });
    const { clock, startMs } = this.#options;
    clock.setTimer(() => this.#show(oldest.pod, name, { isReady: true, restarts: 1 }), startMs);
  }

  #specOf(name: string): DeploymentSpec {
    return this.#read(name).spec as DeploymentSpec;
  }

  #observe(name: string): void {
    const template = JSON.stringify(this.#specOf(name).template);
    this.#observed.set(name, { generation: Number(this.#read(name).metadata.generation), template });
    this.#reconcile(name);
  }

  #reconcile(name: string): void {
    while (this.#moveOn(name));
  }

  /** @returns whether there was something to do. */
  #moveOn(name: string): boolean {
    const living = this.#living.get(name) ?? [];
    this.#living.set(name, living);
    const { replicas, paused = false } = this.#specOf(name);
    const template = this.#observed.get(name)?.template as string;
    const old = paused ? [] : living.filter((each) => each.template !== template);
    const most = replicas + (old.length > 0 ? 1 : 0);
    if (living.length > most) return this.#end(name, living.at(-1) as LivingPod);
    const areEnough = living.length - old.length >= replicas;
    if (living.length < most && !areEnough) return this.#start(name, template);
    const isOneToSpare = living.filter(({ isReady }) => isReady).length > replicas;
    const next = old.find(({ isReady }) => !isReady) ?? (isOneToSpare ? old[0] : undefined);
    return next !== undefined && this.#end(name, next);
  }

  #start(name: string, template: string): true {
    const started: LivingPod = { pod: `${name}-${++this.#made}`, template, isReady: false };
    this.#living.get(name)?.push(started);
    this.#show(started.pod, name, { isReady: false });
    this.#options.clock.setTimer(() => {
      if (!this.#areStartsHeld) this.#becomeReady(name, started);
    }, this.#options.startMs);
    return true;
  }

  #becomeReady(name: string, started: LivingPod): void {
    if (started.isReady || this.#living.get(name)?.includes(started) !== true) return;
    started.isReady = true;
    this.#show(started.pod, name, { isReady: true });
    this.#reconcile(name);
  }

  #end(name: string, ended: LivingPod): true {
    const living = this.#living.get(name) as LivingPod[];
    living.splice(living.indexOf(ended), 1);
    this.#show(ended.pod, name, { isReady: true, isTerminating: true });
    this.#options.clock.setTimer(() => this.#pods.remove(ended.pod), this.#options.stopMs);
    return true;
  }

  #show(
    name: string,
    app: string,
    state: { isReady: boolean; restarts?: number; isTerminating?: boolean },
  ): void {
    const ports = [{ port: 8080 }];
    const atMs = this.#options.clock.now();
    this.#pods.put({ name, labels: { app }, ip: '10.0.0.1', ports, atMs, ...state });
  }
}
