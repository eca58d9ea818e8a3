import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { bracketed, withTimeLimit } from '../../base/index.ts';
import { scalingError } from '../errors.ts';
import type { KedaReading } from './keda-source.ts';
import {
  readMetricsRequest,
  readScaledObjectRef,
  type ScaledObjectRef,
  writeIsActive,
  writeMetricSpec,
  writeMetrics,
} from './messages.ts';
import type { KedaScaler, KedaScalerOptions, KedaTls } from './options.ts';
import { readTriggerMetadata } from './trigger-metadata.ts';

/** For one answer of the source. */
const answerLimitMs = 5000;
/** A trigger's metadata is some lines of text. */
const requestBytesMax = 64 * 1024;

/**
 * Serves KEDA's external scaler over gRPC: a ScaledObject with a trigger of the type `external` or `external-push` whose
 * `metadata` has the address of this server and a `group`.
 *
 * @throws LoadlineError SCALING_KEDA_FAILED where it cannot listen.
 */
export async function startKedaScaler(options: KedaScalerOptions): Promise<KedaScaler> {
  const { host = '127.0.0.1', port: wanted = 0, tls } = options;
  const server = new Server({ 'grpc.max_receive_message_length': requestBytesMax });
  const desk = new Desk(options);
  server.addService(service, desk.methods());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${bracketed(host)}:${wanted}`, credentialsOf(tls), (error, bound) => {
      if (error === null) return resolve(bound);
      const message = `Cannot serve KEDA at ${host}:${wanted}: ${error.message}. Choose another address, or end what has it.`;
      reject(scalingError('SCALING_KEDA_FAILED', message, { facts: { host, port: wanted }, cause: error }));
    });
  });
  let closing: Promise<void> | undefined;
  const scaler: KedaScaler = {
    port,
    get counts() {
      return { ...desk.counts };
    },
    close() {
      closing ??= new Promise((resolve) => {
        desk.endStreams();
        const force = options.clock.setTimer(() => server.forceShutdown(), answerLimitMs);
        server.tryShutdown(() => {
          force.cancel();
          resolve();
        });
      });
      return closing;
    },
    [Symbol.asyncDispose]: () => scaler.close(),
  };
  return scaler;
}

function credentialsOf(tls: KedaTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const { certificate, key, clientAuthority } = tls;
  const pairs = [{ cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) }];
  const authority = clientAuthority === undefined ? null : Buffer.from(clientAuthority);
  return ServerCredentials.createSsl(authority, pairs, authority !== null);
}

type Unary<Request> = handleUnaryCall<Request, Uint8Array>;

/** Answers the calls: the source's word, or a status that says what is wrong. */
class Desk {
  readonly counts = { calls: 0, failures: 0, streams: 0 };
  readonly #options: KedaScalerOptions;
  readonly #streams = new Set<() => void>();
  readonly #closed = new AbortController();

  constructor(options: KedaScalerOptions) {
    this.#options = options;
  }

  methods(): {
    readonly IsActive: Unary<ScaledObjectRef>;
    readonly StreamIsActive: handleServerStreamingCall<ScaledObjectRef, Uint8Array>;
    readonly GetMetricSpec: Unary<ScaledObjectRef>;
    readonly GetMetrics: Unary<ReturnType<typeof readMetricsRequest>>;
  } {
    return {
      IsActive: (call, answer) =>
        void this.#answer(answer, async () => writeIsActive((await this.#read(call.request)).isActive)),
      GetMetricSpec: (call, answer) =>
        void this.#answer(answer, async () => writeMetricSpec((await this.#read(call.request)).metrics)),
      GetMetrics: (call, answer) =>
        void this.#answer(answer, async () => {
          const { ref, metric } = call.request;
          const { metrics } = await this.#read(ref);
          // KEDA puts the number of the trigger before it, and older ones leave it there.
          const name = metric.replace(/^s\d+-/, '');
          const found = metrics.filter((each) => each.name === metric || each.name === name);
          if (found.length > 0) return writeMetrics(found);
          const known = metrics.map((each) => each.name).join(', ');
          throw failure(status.NOT_FOUND, `there is no metric ${JSON.stringify(metric)}; there is ${known}`);
        }),
      StreamIsActive: (stream) => void this.#stream(stream),
    };
  }

  endStreams(): void {
    this.#closed.abort();
    for (const end of [...this.#streams]) end();
  }

  async #answer(
    answer: (error: Partial<ServiceError> | null, value?: Uint8Array) => void,
    work: () => Promise<Uint8Array>,
  ): Promise<void> {
    this.counts.calls++;
    try {
      answer(null, await work());
    } catch (error) {
      this.counts.failures++;
      answer(statusOf(error));
    }
  }

  async #stream(
    stream: Parameters<handleServerStreamingCall<ScaledObjectRef, Uint8Array>>[0],
  ): Promise<void> {
    this.counts.calls++;
    const { source, streamsMax = 1000 } = this.#options;
    const fail = (error: unknown): void => {
      this.counts.failures++;
      stream.emit('error', statusOf(error));
    };
    if (this.#streams.size >= streamsMax)
      return fail(failure(status.RESOURCE_EXHAUSTED, `more than ${streamsMax} streams are open`));
    let told: boolean | undefined;
    const tell = async (): Promise<void> => {
      const { isActive } = await this.#read(stream.request);
      if (isActive !== told) stream.write(writeIsActive(isActive));
      told = isActive;
    };
    const trigger = readTriggerMetadata(stream.request);
    const unwatch =
      typeof trigger === 'string' ? undefined : source.watch(trigger.group, () => void tell().catch(fail));
    const end = (): void => {
      unwatch?.();
      this.#streams.delete(end);
      this.counts.streams = this.#streams.size;
      stream.end();
    };
    this.#streams.add(end);
    this.counts.streams = this.#streams.size;
    stream.once('close', end).once('cancelled', end).once('error', end);
    await tell().catch(fail);
  }

  async #read(ref: ScaledObjectRef): Promise<KedaReading> {
    const { source, clock } = this.#options;
    const trigger = readTriggerMetadata(ref);
    if (typeof trigger === 'string') {
      const object = `${ref.namespace}/${ref.name}`;
      throw failure(status.INVALID_ARGUMENT, `the trigger of ${object} cannot be read: ${trigger}`);
    }
    const { group } = trigger;
    const limit = { clock, limitMs: answerLimitMs, end: this.#closed.signal };
    const answer = await withTimeLimit(limit, (signal) => source.read(group, signal));
    if (answer.kind === 'failed') throw failure(status.UNAVAILABLE, (answer.error as Error).message);
    if (answer.kind !== 'done') throw failure(status.UNAVAILABLE, `nothing is known of ${group} at present`);
    if (answer.value === undefined) {
      const known = `there is ${source.groups.join(', ') || 'none'}`;
      throw failure(status.NOT_FOUND, `there is no group ${JSON.stringify(group)}; ${known}`);
    }
    const wrong = answer.value.metrics.find(({ value, target }) => !(value >= 0) || !(target > 0));
    // A value that is none would be taken for 0, and everything for idle.
    if (wrong !== undefined) throw failure(status.UNAVAILABLE, `${wrong.name} cannot be ${wrong.value}`);
    return answer.value;
  }
}

interface Failure {
  readonly code: status;
  readonly details: string;
}

/** As gRPC tells it. */
function failure(code: status, details: string): Failure {
  return { code, details };
}

function statusOf(error: unknown): Failure {
  if (typeof error === 'object' && error !== null && 'code' in error && 'details' in error)
    return error as Failure;
  return failure(status.INTERNAL, error instanceof Error ? error.message : String(error));
}

function method<Request>(
  name: string,
  requestDeserialize: (bytes: Buffer) => Request,
  responseStream = false,
): MethodDefinition<Request, Uint8Array> {
  const unused = (): never => {
    throw new Error('Only a client would need it.');
  };
  return {
    path: `/externalscaler.ExternalScaler/${name}`,
    requestStream: false,
    responseStream,
    requestDeserialize,
    responseSerialize: (bytes) => Buffer.from(bytes),
    requestSerialize: unused,
    responseDeserialize: unused,
  };
}

const service = {
  IsActive: method('IsActive', readScaledObjectRef),
  StreamIsActive: method('StreamIsActive', readScaledObjectRef, true),
  GetMetricSpec: method('GetMetricSpec', readScaledObjectRef),
  GetMetrics: method('GetMetrics', readMetricsRequest),
};
