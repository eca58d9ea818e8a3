/** Those who watch: ours, the two that most services have instead, and nobody. Each counts and times requests by route and status. */
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parsePrometheus } from 'loadline/metrics';
import { observe } from 'loadline/observe';

/** What is put around the services of one process. */
export interface Watch {
  node(handler: RequestListener): RequestListener;
  /** Whoever asks for users asks by `userOf`; by default the service has put them onto the request. */
  fastify(app: FastifyInstance, userOf?: (request: Asking) => string | undefined): void;
  /** All requests that it has counted so far, and for ours collections of garbage. */
  counted(): Promise<Counted>;
}

/** A request of whom the service knows by whom it is. */
export type Asking = FastifyRequest & { user?: string | undefined };

export interface Counted {
  readonly requests: number;
  readonly collections: number;
}

export type WatchName =
  | 'nobody'
  | 'the clock'
  | 'loadline'
  | 'loadline with users'
  | 'prom-client'
  | 'OpenTelemetry';

export const watches: Readonly<Record<WatchName, () => Promise<Watch>>> = {
  nobody: async () => ({
    node: (handler) => handler,
    fastify: () => undefined,
    counted: async () => nothing,
  }),
  'the clock': async () => watchTheClock(),
  loadline: async () => watchByLoadline(false),
  'loadline with users': async () => watchByLoadline(true),
  'prom-client': watchByPromClient,
  OpenTelemetry: watchByOpenTelemetry,
};

/** Who may read ours. */
export const metricsKey = 'a-key-of-some-length';
const nothing: Counted = { requests: 0, collections: 0 };
const route = '/food/:id';

/** The least that it takes to time a request, and no rival: it reads the clock twice, and does nothing else. */
function watchTheClock(): Watch {
  let sumMs = 0;
  const readTwice = (): void => {
    sumMs -= performance.now();
    sumMs += performance.now();
  };
  return {
    node: (handler) => (request, response) => {
      readTwice();
      handler(request, response);
    },
    fastify(app) {
      app.addHook('onRequest', (_request, _reply, done) => {
        readTwice();
        done();
      });
    },
    // What it has summed up is asked for, so that no compiler finds that nobody needs it.
    counted: async () => (sumMs < 0 ? Promise.reject(new Error('The clock went backwards.')) : nothing),
  };
}

function watchByLoadline(withUsers: boolean): Watch {
  const observer = observe({ metricsKey });
  return {
    node: (handler) => observer.node(handler, { routeOf: () => route }),
    fastify(app, userOf = ({ user }) => user) {
      app.register(observer.fastify<Asking>(withUsers ? { userOf } : {}));
    },
    async counted() {
      const all = observer.registry.snapshot();
      const sum = (name: string): number => {
        const series = all.find((family) => family.name === name)?.series ?? [];
        return series.reduce((sum, each) => sum + ('value' in each ? each.value : each.histogram.count), 0);
      };
      return { requests: sum('http_requests_total'), collections: sum('nodejs_collection_pause_seconds') };
    },
  };
}

/** As its guide says, and as its middlewares for Express and Fastify do: default metrics, and a timer a request. */
async function watchByPromClient(): Promise<Watch> {
  const { collectDefaultMetrics, Histogram, register } = await import('prom-client');
  collectDefaultMetrics();
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Durations of requests.',
    labelNames: ['method', 'route', 'status_code'],
  });
  return {
    node: (handler) => (request, response) => {
      if (request.url === '/metrics') {
        void register.metrics().then((text) => response.end(text));
        return;
      }
      const end = durations.startTimer();
      response.on('finish', () => {
        end({ method: request.method ?? '', route, status_code: response.statusCode });
      });
      handler(request, response);
    },
    fastify(app) {
      const ends = 'endTimer';
      type Timed = { [ends]?: (labels: Readonly<Record<string, string | number>>) => void };
      app.decorateRequest(ends, undefined);
      app.addHook('onRequest', (request, _reply, done) => {
        (request as Timed)[ends] = durations.startTimer();
        done();
      });
      app.addHook('onResponse', (request, reply, done) => {
        const { method, routeOptions } = request;
        (request as Timed)[ends]?.({
          method,
          route: routeOptions.url ?? 'unmatched',
          status_code: reply.statusCode,
        });
        done();
      });
      app.get('/metrics', async () => register.metrics());
    },
    counted: async () => countIn(await register.metrics()),
  };
}

/**
 * Its instrumentation of HTTP with its metrics alone; no traces are kept. It knows no route: for that a service needs the
 * instrumentation of its framework besides.
 */
async function watchByOpenTelemetry(): Promise<Watch> {
  const { MeterProvider } = await import('@opentelemetry/sdk-metrics');
  const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
  const { PrometheusExporter, PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus');
  const exporter = new PrometheusExporter({ preventServerStart: true });
  new HttpInstrumentation().setMeterProvider(new MeterProvider({ readers: [exporter] }));
  // It changes what is asked for from now on.
  createRequire(import.meta.url)('node:http');
  return {
    node: (handler) => handler,
    fastify: () => undefined,
    async counted() {
      const { resourceMetrics } = await exporter.collect();
      return countIn(new PrometheusSerializer().serialize(resourceMetrics), 'http_server');
    },
  };
}

/** All that histograms of requests have counted. */
function countIn(text: string, prefix = 'http_request'): Counted {
  const samples = [...parsePrometheus(text).families.values()].flatMap((family) => family.samples);
  const requests = samples
    .filter(({ name }) => name.startsWith(prefix) && name.endsWith('_count'))
    .reduce((sum, { value }) => sum + value, 0);
  return { ...nothing, requests };
}
