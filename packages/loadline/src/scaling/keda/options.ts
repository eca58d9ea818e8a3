import type { Clock } from '../../base/index.ts';
import type { KedaSource } from './keda-source.ts';

/** Where KEDA finds it, who may ask, and from where the answers come. */
export interface KedaScalerOptions {
  readonly clock: Clock;
  readonly source: KedaSource;
  /** Default `127.0.0.1`; KEDA reaches `0.0.0.0` from its own pod. */
  readonly host?: string;
  /** Default 0: one that is free. */
  readonly port?: number;
  /** Default: none, so that anybody who reaches it may ask. */
  readonly tls?: KedaTls;
  /** Streams at once; more are refused. Default 1,000. */
  readonly streamsMax?: number;
}

/** What it shows of itself, and asks of who comes in. */
export interface KedaTls {
  /** As PEM, with what leads to the authority. */
  readonly certificate: string;
  readonly key: string;
  /** Who has to have signed the certificate of who asks; absent: nobody is asked for one. */
  readonly clientAuthority?: string;
}

/** An external scaler of KEDA, over gRPC. */
export interface KedaScaler extends AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  /** Calls since the start, those of them that were answered by an error, and streams that are open now. */
  readonly counts: { readonly calls: number; readonly failures: number; readonly streams: number };
  /** Ends the streams, and then takes nothing any more. Idempotent. */
  close(): Promise<void>;
}
