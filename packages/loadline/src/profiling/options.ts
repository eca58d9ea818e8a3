import { ended, formatPath, parse } from '../base/index.ts';
import { profilingError } from './errors.ts';
import type { ProfileKind } from './v8-profile.ts';

/** What a session is asked to do. */
export interface ProfileOptions {
  /** Where the time goes, or what was allocated meanwhile and is still there. */
  readonly kind: ProfileKind;
  /** After which it ends by itself, 100 ms to 10 minutes; 30 s by default. */
  readonly durationMs?: number;
  /** Between two samples of a CPU profile, 100 µs to 100 ms; 1 ms by default. At most a million samples in all. */
  readonly samplingIntervalUs?: number;
  /** Bytes between two samples of a heap profile, on average, 1 KB to 64 MB; 128 KB by default. */
  readonly samplingBytes?: number;
}

const durationMsMax = 600_000;
const samplesMax = 1_000_000;

/**
 * Completes and checks what may come from anywhere.
 *
 * @throws LoadlineError PROFILING_OPTIONS_INVALID with every problem.
 */
export function parseProfileOptions(input: unknown): Required<ProfileOptions> {
  const parsed = parse(input, (root) => {
    const options = root.object(['kind', 'durationMs', 'samplingIntervalUs', 'samplingBytes']);
    const whole = (
      key: 'durationMs' | 'samplingIntervalUs' | 'samplingBytes',
      atLeast: number,
      atMost: number,
    ) => options.optional(key)?.number({ whole: true, atLeast, atMost });
    const kind = options.required('kind').oneOf(['cpu', 'heap'] as const);
    const durationMs = whole('durationMs', 100, durationMsMax) ?? 30_000;
    const samplingIntervalUs = whole('samplingIntervalUs', 100, 100_000) ?? 1000;
    const samplingBytes = whole('samplingBytes', 1024, 64 * 2 ** 20) ?? 128 * 1024;
    if (kind === 'cpu' && (durationMs * 1000) / samplingIntervalUs > samplesMax) {
      root.problem(`must take at most ${samplesMax} samples: raise samplingIntervalUs or shorten durationMs`);
    }
    return { kind, durationMs, samplingIntervalUs, samplingBytes };
  });
  if (parsed.ok) return parsed.value;
  const found = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  throw profilingError('PROFILING_OPTIONS_INVALID', ended(`Cannot start a profile: ${found.join('; ')}`), {
    facts: { problems: parsed.problems },
  });
}
