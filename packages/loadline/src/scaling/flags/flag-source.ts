import type { FlagSet } from './flag.ts';

/** Where flags come from. What it has last known to be good it goes on with, whatever becomes of the place. */
export interface FlagSource extends AsyncDisposable {
  /** For people: `flags.yaml`. */
  readonly name: string;
  readonly flags: FlagSet;
  readonly status: FlagSourceStatus;
  /** Calls back after each change, until it is told to end that. */
  onChange(listener: (change: FlagChange) => void): () => void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** How sure it is that its flags are those that there are now. */
export type FlagSourceStatus =
  /** Nothing was read yet: there are no flags. */
  | { readonly kind: 'never read'; readonly because: string }
  | { readonly kind: 'current'; readonly atMs: number }
  /** What is there now cannot be read, or not all of it; `sinceMs` is of the epoch. */
  | { readonly kind: 'stale'; readonly sinceMs: number; readonly because: string };

/** What a listener hears: which flags are others now, or that they cannot be read any more. */
export type FlagChange =
  | { readonly kind: 'changed'; readonly names: readonly string[] }
  /** What was read last is all that there is. */
  | { readonly kind: 'current' }
  | { readonly kind: 'stale'; readonly because: string };
