import { snapshotWish } from 'loadline/profiling';
import { Problem, wrongInBody } from '../problems/index.ts';
import type { SubjectName } from './subjects.ts';

/** What is asked for: a profile that is sampled for a while, or a heap snapshot. */
export interface ProfilingOrder extends SubjectName, SamplingOptions {
  readonly kind: 'cpu' | 'heap' | 'heap-snapshot';
  /** Needed for a heap snapshot: `snapshotWish`. */
  readonly confirm?: string | undefined;
}

export interface SamplingOptions {
  readonly durationMs?: number | undefined;
  readonly samplingIntervalUs?: number | undefined;
  readonly samplingBytes?: number | undefined;
}

/** Who asks. */
export interface Asker {
  readonly keyId: string;
  readonly role: 'reporter' | 'viewer' | 'operator' | 'admin';
}

/** @throws CONTROL_PLANE_FORBIDDEN, CONTROL_PLANE_REQUEST_INVALID */
export function assertFits(order: ProfilingOrder, asker: Asker): void {
  const { kind, confirm, durationMs, samplingIntervalUs, samplingBytes } = order;
  if (kind !== 'heap-snapshot') {
    if (confirm !== undefined) throw wrongInBody('/confirm', 'belongs to a heap snapshot alone');
    return;
  }
  assertAdmin(asker);
  for (const [name, value] of Object.entries({ durationMs, samplingIntervalUs, samplingBytes }))
    if (value !== undefined) throw wrongInBody(`/${name}`, 'has no meaning for a heap snapshot');
  if (confirm !== snapshotWish)
    throw wrongInBody('/confirm', `must be "${snapshotWish}": nobody is served by it meanwhile`);
}

/** What was in the memory of a service is in its heap snapshot too. @throws CONTROL_PLANE_FORBIDDEN */
export function assertAdmin({ role }: Asker): void {
  if (role === 'admin') return;
  const detail = 'A heap snapshot holds the secrets of the service; it needs a key of the role admin.';
  throw new Problem('CONTROL_PLANE_FORBIDDEN', detail);
}

/** Without what was not said. */
export function given<Options extends object>(
  options: Options,
): { [Key in keyof Options]: Exclude<Options[Key], undefined> } {
  const said = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as { [Key in keyof Options]: Exclude<Options[Key], undefined> };
}
