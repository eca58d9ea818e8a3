/**
 * The part of each rival that the benchmarks touch. Rivals are installed when a benchmark first runs, and
 * the type check of the repository must not need them.
 */
declare module 'prom-client' {
  export class Registry {
    metrics(): Promise<string>;
  }
  interface Options {
    readonly name: string;
    readonly help: string;
    readonly labelNames?: readonly string[];
    readonly buckets?: readonly number[];
    readonly registers: readonly Registry[];
  }
  export class Counter {
    constructor(options: Options);
    inc(amount?: number): void;
    inc(labels: Readonly<Record<string, string>>, amount?: number): void;
    labels(...values: string[]): { inc(amount?: number): void };
    get(): Promise<{ values: { value: number }[] }>;
  }
  export class Histogram {
    constructor(options: Options);
    observe(value: number): void;
    labels(...values: string[]): { observe(value: number): void };
  }
}

declare module '@opentelemetry/sdk-metrics' {
  type Attributes = Readonly<Record<string, string>>;
  export class MeterProvider {
    constructor(options: { readonly readers: readonly MetricReader[] });
    getMeter(name: string): {
      createCounter(name: string): { add(amount: number, attributes?: Attributes): void };
      createHistogram(
        name: string,
        options?: { readonly advice?: { readonly explicitBucketBoundaries?: readonly number[] } },
      ): { record(value: number, attributes?: Attributes): void };
    };
  }
  export abstract class MetricReader {
    collect(): Promise<unknown>;
    protected abstract onForceFlush(): Promise<void>;
    protected abstract onShutdown(): Promise<void>;
  }
}
