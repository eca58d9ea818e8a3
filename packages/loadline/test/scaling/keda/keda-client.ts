import { fileURLToPath } from 'node:url';
import { type ChannelCredentials, Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

/** Asks as KEDA does: a client of gRPC that is made from the interface, and knows nothing of ours. */
export interface KedaClient extends AsyncDisposable {
  call(method: string, request: object): Promise<unknown>;
  /** What comes, one after the other; ends with the server, or with `cancel`. */
  stream(request: object): {
    readonly came: readonly unknown[];
    readonly ended: Promise<unknown>;
    cancel(): void;
  };
  /** Sends bytes as they are. */
  raw(method: string, bytes: Uint8Array): Promise<unknown>;
}

export const kedaDefinition: ServiceDefinition = loadSync(
  fileURLToPath(new URL('./externalscaler.proto', import.meta.url)),
  {
    keepCase: true,
    longs: Number,
    defaults: true,
  },
)['externalscaler.ExternalScaler'] as ServiceDefinition;

/** @param own what it shows of itself, where it is asked for that. */
export function openKedaClient(
  port: number,
  ca?: string,
  own?: { readonly key: string; readonly cert: string },
): KedaClient {
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const channel: ChannelCredentials =
    ca === undefined
      ? credentials.createInsecure()
      : credentials.createSsl(bytes(ca), bytes(own?.key), bytes(own?.cert));
  const client = new Client(`localhost:${port}`, channel);
  const find = (method: string) => kedaDefinition[method] as NonNullable<ServiceDefinition[string]>;
  const unary = (method: string, write: (value: object) => Buffer, request: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const { path, responseDeserialize } = find(method);
      const deadline = { deadline: Date.now() + 10_000 };
      client.makeUnaryRequest(path, write, responseDeserialize, request, deadline, (error, value) =>
        error === null ? resolve(value) : reject(error),
      );
    });
  return {
    call: (method, request) => unary(method, find(method).requestSerialize, request),
    raw: (method, bytes) => unary(method, () => Buffer.from(bytes), {}),
    stream(request) {
      const { path, requestSerialize, responseDeserialize } = find('StreamIsActive');
      const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
      const came: unknown[] = [];
      const ended = new Promise((resolve) => {
        stream.on('data', (value) => came.push(value));
        stream.on('error', (error: ServiceError) => resolve(error));
        stream.on('end', () => resolve('ended'));
      });
      return { came, ended, cancel: () => stream.cancel() };
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}
