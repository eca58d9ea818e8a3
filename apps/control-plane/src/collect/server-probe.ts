import type { CacheReading, Sample, Series } from 'loadline/store';

/** A server that says what it does in words of its own. The port; its drivers stand beside it. */
export interface ServerProbe {
  readonly service: string;
  /** Where it is, without a password. */
  readonly instance: string;
  readonly kind: 'postgres' | 'valkey';
  /** What it says, and what it did since the last look. Rejects with why it did not answer. */
  read(atMs: number): Promise<ServerReading>;
  close(): Promise<void>;
}

export interface ServerReading {
  readonly samples: readonly Sample[];
  readonly caches: readonly CacheReading[];
}

/** Numbers as samples of one server, those that are known. Pure. */
export function samplesOf(
  figures: readonly (readonly [metric: string, unit: string, value: number | undefined])[],
  { service, instance, atMs }: Pick<Series, 'service'> & { readonly instance: string; readonly atMs: number },
): readonly Sample[] {
  return figures.flatMap(([metric, unit, value]) =>
    value === undefined || !Number.isFinite(value)
      ? []
      : [{ series: { metric, unit, service, instance }, atMs, value }],
  );
}
