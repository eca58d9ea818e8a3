import type { GateRequest } from './gate.ts';

/** A request at a door, of which more is asked than a gate has to know. */
export interface DoorRequest extends GateRequest {
  readonly query: URLSearchParams;
  /** The whole body, or undefined where it is larger than that: then the rest is not read. */
  body(bytesMax: number): Promise<Uint8Array | undefined>;
}

/** What a door says, perhaps piece by piece. */
export interface DoorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | AsyncIterable<string | Uint8Array>;
}

/** Answers all requests to a path instead of the service, whichever framework took them. */
export type Door = (request: DoorRequest) => Promise<DoorAnswer>;
