import { Problem, unknownThing, wrongInBody } from '../problems/index.ts';
import type { Profilable, ProfilePlace, Profilers } from './profilers.ts';

/** The control plane's own name among the instances. */
const ownInstance = 'control-plane';

/** Whom to profile. */
export interface SubjectName {
  readonly instance: string;
  /** Needed where several services have an instance of the name. */
  readonly service?: string | undefined;
}

/** Somebody who was found, and can be profiled. */
export interface Subject extends Profilable {
  /** Undefined for the control plane itself. */
  readonly service: string | undefined;
}

/** Finds by their names those who are watched: where they are, or why nobody may go there. */
export interface Instances {
  find(
    instance: string,
    service?: string,
  ): Promise<readonly ({ readonly service: string } & (ProfilePlace | { readonly because: string }))[]>;
}

/**
 * Finds whom to profile now.
 *
 * @throws CONTROL_PLANE_NOT_FOUND, CONTROL_PLANE_REQUEST_INVALID where the name alone is not enough, and
 * CONTROL_PLANE_STATE_CONFLICT where it is watched and cannot be profiled.
 */
export async function findSubject(
  { instance, service }: SubjectName,
  { profilers, instances }: { readonly profilers: Profilers; readonly instances: Instances },
): Promise<Subject> {
  if (isOwn({ instance, service })) return { ...profilers.own, service: undefined };
  const [found, ...more] = await instances.find(instance, service);
  if (found === undefined) throw unknownThing('instance');
  if (more.length > 0) throw ambiguous([found, ...more]);
  if ('because' in found)
    throw new Problem('CONTROL_PLANE_STATE_CONFLICT', `The instance cannot be profiled: ${found.because}.`);
  const profilable = profilers.of(found);
  if (profilable === undefined) throw keyless();
  return { ...profilable, service: found.service };
}

/** Its sessions end with it. */
export function isOwn({ instance, service }: SubjectName): boolean {
  return instance === ownInstance && service === undefined;
}

/** Several services have one of that name. */
export function ambiguous(found: readonly { readonly service?: string | undefined }[]): Problem {
  const services = found.map(({ service }) => JSON.stringify(service ?? ownInstance)).join(', ');
  return wrongInBody('/service', `is needed: ${services} have an instance of this name`);
}

function keyless(): Problem {
  return new Problem(
    'CONTROL_PLANE_STATE_CONFLICT',
    'The control plane has no key for the doors of instances: start it with LOADLINE_OBSERVE_KEY.',
  );
}
