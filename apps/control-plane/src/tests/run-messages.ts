import type { LoadProgress } from 'loadline/load';
import type { RunJob } from './runner.ts';

/** What the control plane tells the process of a run. */
export type ToRun = { readonly kind: 'run'; readonly job: RunJob } | { readonly kind: 'end' };

/** What it answers. */
export type FromRun =
  | { readonly kind: 'progress'; readonly progress: LoadProgress }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly because: string };
