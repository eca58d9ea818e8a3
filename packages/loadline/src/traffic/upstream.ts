/** Where requests may be sent: one instance of a service. */
export interface Upstream {
  /** Names it for as long as it lives, in every proxy: 1 to 64 of letters, digits, `.`, `_` and `-`. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Its share beside others, 0 to 256; 0 gets nothing new. Default 1. */
  readonly weight?: number;
  /** Where it runs; those of a proxy's own zone are preferred. */
  readonly zone?: string;
}

/** One that a pool is to have. Who is to go is `draining` first, and left out when nothing is in flight any more. */
export interface WantedUpstream extends Upstream {
  readonly mode: 'serving' | 'draining';
}

/** One as a proxy has it. */
export interface SeenUpstream {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** `starting`: known, but not checked yet; `down`: gets nothing, because its checks or its requests fail. */
  readonly status: 'starting' | 'up' | 'down' | 'draining';
  /** Requests and connections that it is busy with; undefined where the proxy does not tell. */
  readonly inFlight: number | undefined;
  /** As it was told; absent where it was told none, or the proxy does not say. */
  readonly weight?: number;
}
