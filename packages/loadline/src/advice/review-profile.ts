import type { Evidence, Finding, Review, TimeWindow } from '../metrics/index.ts';
import { percent } from './recommendation.ts';

/** What a CPU profile says, without the profile. */
export interface ProfileSeen {
  /** How people call what was profiled: `service api, instance 10.0.0.7:8080`. */
  readonly component: string;
  readonly window: TimeWindow;
  /** Where the profile can be looked at. */
  readonly source: string;
  /** Samples in which the process did something, collections included; and all of them. */
  readonly busySamples: number;
  readonly samples: number;
  readonly functions: readonly FunctionSeen[];
}

/** One function of the profile; it is a finding from a quarter of the busy samples on. */
export interface FunctionSeen {
  /** With the place, so that it can be found: `sort (discovery.ts:42)`. */
  readonly name: string;
  /** Samples in which it was itself at work, not what it called. */
  readonly selfSamples: number;
}

/** Limits beyond which something is worth a finding. Documented in docs/reference/advice.md. */
const limits = { samplesMin: 100, selfShare: 0.25, busyRatio: 0.7 } as const;

/** Judges a CPU profile. Pure. In a process that has time to spare a hot function is a mere notice. */
export function reviewProfile(seen: ProfileSeen): Review {
  const { component, busySamples, samples, functions } = seen;
  const subject = `a CPU profile of ${component}`;
  if (busySamples < limits.samplesMin) {
    const few = `${subject}: only ${busySamples} samples at work, at least ${limits.samplesMin} are needed`;
    return { subject, findings: [], unseen: [few] };
  }
  const isBusy = busySamples / samples >= limits.busyRatio;
  const findings = functions
    .filter(({ selfSamples }) => selfSamples / busySamples >= limits.selfShare)
    .map(({ name, selfSamples }): Finding => {
      const selfShare = selfSamples / busySamples;
      return {
        component: `${component}, ${name}`,
        kind: 'hot function',
        severity: isBusy ? 'warning' : 'notice',
        summary: `${name} takes ${percent(selfShare)} of the time in which the process does anything.`,
        evidence: [
          of(seen, 'selfShare', selfShare, busySamples),
          of(seen, 'busyRatio', busySamples / samples, samples),
        ],
      };
    });
  return { subject, findings, unseen: [] };
}

function of({ window, source }: ProfileSeen, name: string, value: number, count: number): Evidence {
  return { name, value, unit: 'ratio', count, window, source };
}
