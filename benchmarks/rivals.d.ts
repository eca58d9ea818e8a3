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
    constructor(options: Omit<Options, 'registers'> & { readonly registers?: readonly Registry[] });
    observe(value: number): void;
    labels(...values: string[]): { observe(value: number): void };
    startTimer(): (labels: Readonly<Record<string, string | number>>) => void;
  }
  export const register: Registry;
  export function collectDefaultMetrics(): void;
}

declare module '@opentelemetry/instrumentation-http' {
  import type { MeterProvider } from '@opentelemetry/sdk-metrics';
  export class HttpInstrumentation {
    setMeterProvider(provider: MeterProvider): void;
  }
}

declare module '@opentelemetry/exporter-prometheus' {
  import { MetricReader } from '@opentelemetry/sdk-metrics';
  export class PrometheusExporter extends MetricReader {
    constructor(options: { readonly preventServerStart: boolean });
    collect(): Promise<{ resourceMetrics: unknown }>;
    protected onForceFlush(): Promise<void>;
    protected onShutdown(): Promise<void>;
  }
  export class PrometheusSerializer {
    serialize(metrics: unknown): string;
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

declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  interface ProxyServer {
    web(request: IncomingMessage, response: ServerResponse): void;
    on(event: 'error', listener: (error: Error) => void): void;
  }
  const httpProxy: {
    createProxyServer(options: {
      readonly target: string;
      readonly agent: Agent;
      readonly xfwd: boolean;
    }): ProxyServer;
  };

  export = httpProxy;
}

declare module '@fastify/http-proxy' {
  import type { FastifyPluginAsync } from 'fastify';

  const plugin: FastifyPluginAsync<{
    readonly upstream: string;
    readonly undici: { readonly connections: number; readonly pipelining: number };
  }>;

  export = plugin;
}

declare module 'cockatiel' {
  export interface IPolicy {
    execute<Value>(work: () => PromiseLike<Value> | Value): Promise<Value>;
  }
  export interface CircuitBreakerPolicy extends IPolicy {
    isolate(): { dispose(): void };
  }
  interface Handled {
    readonly handled: 'all';
  }
  interface Breaker {
    readonly breaks: true;
  }
  interface Backoff {
    readonly waits: true;
  }
  export const handleAll: Handled;
  export const TimeoutStrategy: { readonly Aggressive: 'aggressive' };
  export class BrokenCircuitError extends Error {}
  export class ExponentialBackoff implements Backoff {
    readonly waits: true;
  }
  export class SamplingBreaker implements Breaker {
    readonly breaks: true;
    constructor(options: {
      readonly threshold: number;
      readonly duration: number;
      readonly minimumRps: number;
    });
  }
  export function bulkhead(limit: number, queue: number): IPolicy;
  export function circuitBreaker(
    handled: Handled,
    options: { readonly halfOpenAfter: number; readonly breaker: Breaker },
  ): CircuitBreakerPolicy;
  export function fallback(handled: Handled, value: number): IPolicy;
  export function retry(
    handled: Handled,
    options: { readonly maxAttempts: number; readonly backoff: Backoff },
  ): IPolicy;
  export function timeout(limitMs: number, strategy: 'aggressive'): IPolicy;
  export function wrap(...policies: readonly IPolicy[]): IPolicy;
}

declare module 'rate-limiter-flexible' {
  export class RateLimiterMemory {
    constructor(options: { readonly points: number; readonly duration: number });
    consume(key: string): Promise<unknown>;
  }
}
