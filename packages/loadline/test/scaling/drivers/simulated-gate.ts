import type {
  LeavingInstance,
  ServedInstance,
  TrafficGate,
  Withdrawal,
} from '../../../src/scaling/driver.ts';

/** A balancer that is only told of: it notes what was asked, and answers as a test wants. */
export class SimulatedGate implements TrafficGate {
  /** `admit api-1`, `withdraw api-1 5000`, in order. */
  readonly asked: string[] = [];
  /** Those that get requests. */
  readonly inside: Map<string, ServedInstance> = new Map();
  admitting: (signal: AbortSignal) => Promise<void> = async () => undefined;
  withdrawing: (leaving: LeavingInstance, signal: AbortSignal) => Promise<Withdrawal> = async () => ({
    kind: 'drained',
  });
  busy: Readonly<Record<string, number>> = {};
  /** Why somebody gets no requests yet. */
  keepingOut: string | undefined;

  async admit(instance: ServedInstance, signal: AbortSignal): Promise<void> {
    this.asked.push(`admit ${instance.id}`);
    await this.admitting(signal);
    this.inside.set(instance.id, instance);
  }

  async withdraw(leaving: LeavingInstance, signal: AbortSignal): Promise<Withdrawal> {
    this.asked.push(`withdraw ${leaving.id} ${leaving.graceMs}`);
    this.inside.delete(leaving.id);
    return this.withdrawing(leaving, signal);
  }

  whyOutside(): string | undefined {
    return this.keepingOut;
  }

  inFlight({ id }: ServedInstance): number | undefined {
    return this.busy[id];
  }
}
