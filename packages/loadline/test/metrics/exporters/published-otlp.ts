import published from '@opentelemetry/otlp-transformer/build/src/generated/root.js';

/**
 * OTLP as OpenTelemetry publishes it: the code that `pbjs` made of opentelemetry-proto's files, as it stands
 * in @opentelemetry/otlp-transformer (0.217.0; later versions no longer carry it).
 */
const { ExportMetricsServiceRequest, ExportMetricsServiceResponse } = (published as unknown as Published)
  .opentelemetry.proto.collector.metrics.v1;

/** A request in the JSON form of its decoded content: 64-bit numbers as strings, enums by name. */
export function decodeRequest(bytes: Uint8Array): OtlpRequest {
  return toPlain(ExportMetricsServiceRequest.decode(bytes));
}

/** The same from a request that came as JSON. */
export function decodeJsonRequest(text: string): OtlpRequest {
  return toPlain(ExportMetricsServiceRequest.fromObject(JSON.parse(text)));
}

/** A response by which a receiver takes back a part of its yes. */
export function encodePartialSuccess(rejectedDataPoints: number, errorMessage: string): Uint8Array {
  const message = { partialSuccess: { rejectedDataPoints, errorMessage } };
  return ExportMetricsServiceResponse.encode(ExportMetricsServiceResponse.fromObject(message)).finish();
}

function toPlain(decoded: unknown): OtlpRequest {
  return ExportMetricsServiceRequest.toObject(decoded, { longs: String, enums: String }) as OtlpRequest;
}

export interface OtlpRequest {
  readonly resourceMetrics: readonly [
    {
      readonly resource: { readonly attributes: readonly KeyValue[] };
      readonly scopeMetrics: readonly [
        { readonly scope: { readonly name: string }; readonly metrics: readonly OtlpMetric[] },
      ];
    },
  ];
}

export interface OtlpMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly sum?: unknown;
  readonly gauge?: unknown;
  readonly histogram?: unknown;
  readonly exponentialHistogram?: unknown;
}

interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

/** The part of the generated code that is used; its own declarations only say that there is a root. */
interface Published {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: {
        readonly metrics: {
          readonly v1: {
            readonly ExportMetricsServiceRequest: Codec;
            readonly ExportMetricsServiceResponse: Codec;
          };
        };
      };
    };
  };
}

interface Codec {
  decode(bytes: Uint8Array): unknown;
  encode(message: unknown): { finish(): Uint8Array };
  fromObject(object: unknown): unknown;
  toObject(
    message: unknown,
    options: { readonly longs: StringConstructor; readonly enums: StringConstructor },
  ): unknown;
}
