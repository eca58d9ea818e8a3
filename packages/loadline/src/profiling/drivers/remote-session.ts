import { ended, type Field, formatPath, type Parsed, parse } from '../../base/index.ts';
import { profilingError } from '../errors.ts';
import type { Overhead } from '../overhead.ts';
import type { ProfileSession } from '../profiler.ts';

/** What a door says of one session. @throws LoadlineError PROFILING_REFUSED where it is something else. */
export function parseSession(answer: unknown): ProfileSession {
  return expect(parse(answer, readSession));
}

/** What a door says of all sessions. @throws LoadlineError PROFILING_REFUSED where it is something else. */
export function parseSessions(answer: unknown): readonly ProfileSession[] {
  return expect(parse(answer, (root) => root.at('sessions').array(readSession)));
}

/** What a newer version says besides is left aside. */
function readSession(field: Field): ProfileSession {
  const overhead = field.at('overhead');
  const problem = field.at('problem');
  return {
    id: field.at('id').string(),
    kind: field.at('kind').oneOf(['cpu', 'heap'] as const),
    state: field.at('state').oneOf(['running', 'finished', 'aborted', 'failed'] as const),
    durationMs: field.at('durationMs').number({ atLeast: 0 }),
    samplingIntervalUs: field.at('samplingIntervalUs').number({ above: 0 }),
    samplingBytes: field.at('samplingBytes').number({ above: 0 }),
    startedAtMs: field.at('startedAtMs').number({ atLeast: 0 }),
    measuredMs: field.at('measuredMs').number({ atLeast: 0 }),
    ...(overhead.value === undefined ? {} : { overhead: readOverhead(overhead) }),
    ...(problem.value === undefined ? {} : { problem: problem.string() }),
  };
}

function readOverhead(field: Field): Overhead {
  const cpuRatio = field.at('cpuRatio');
  const noiseRatio = field.at('noiseRatio');
  return {
    startStopCpuMs: field.at('startStopCpuMs').number(),
    method: field.at('method').string(),
    ...(cpuRatio.value === undefined ? {} : { cpuRatio: cpuRatio.number() }),
    ...(noiseRatio.value === undefined ? {} : { noiseRatio: noiseRatio.number() }),
  };
}

function expect<Value>(parsed: Parsed<Value>): Value {
  if (parsed.ok) return parsed.value;
  const found = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`).join('; ');
  throw profilingError('PROFILING_REFUSED', ended(`Cannot read what a door says of a session: ${found}`), {
    facts: { problems: parsed.problems },
  });
}
