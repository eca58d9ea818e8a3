import { readFile } from 'node:fs/promises';
import type { ProfileSeen } from 'loadline/advice';
import type { TopFunctions } from 'loadline/profiling';
import type { ProfilingSession } from '../contract/index.ts';
import { profilePlace } from './places.ts';

/** Where profiles are. */
export interface KeptProfiles {
  list(
    filter: { readonly kind: 'cpu'; readonly state: 'finished' },
    page: { readonly limit: number },
  ): { readonly items: readonly ProfilingSession[] };
  file(id: string, format: 'top'): string;
}

const profilesMax = 50;

/** The latest CPU profile of each instance, of those that are not older. */
export function latestProfiles(profiles: KeptProfiles, sinceMs: number): readonly ProfilingSession[] {
  const { items } = profiles.list({ kind: 'cpu', state: 'finished' }, { limit: profilesMax });
  const recent = items.filter(({ startedAt }) => Date.parse(startedAt) >= sinceMs);
  // The newest come first.
  return [...Map.groupBy(recent, ({ instance }) => instance).values()].map(
    ([first]) => first as ProfilingSession,
  );
}

export async function readProfile(profiles: KeptProfiles, session: ProfilingSession): Promise<ProfileSeen> {
  const text = await readFile(profiles.file(session.id, 'top'), 'utf8');
  return profileSeenOf(session, JSON.parse(text) as TopFunctions);
}

/** Time as samples of the session's interval. Pure. */
function profileSeenOf(session: ProfilingSession, top: TopFunctions): ProfileSeen {
  const { id, service, instance, startedAt, measuredMs = 0, samplingIntervalUs = 1000 } = session;
  const fromMs = Date.parse(startedAt);
  const samplesOf = (timeUs: number): number => Math.round(timeUs / samplingIntervalUs);
  const component = service === undefined ? instance : `service ${service}, instance ${instance}`;
  return {
    component,
    window: { fromMs, toMs: fromMs + measuredMs },
    source: profilePlace(id),
    busySamples: samplesOf(top.sum),
    samples: samplesOf(top.sum + top.idleUs),
    functions: top.functions
      // What has no place in the code is V8's own work, which nobody can rewrite.
      .filter(({ location }) => location !== '')
      .map(({ name, location, self }) => ({
        name: `${name} (${location.split('/').at(-1)})`,
        selfSamples: samplesOf(self),
      })),
  };
}
