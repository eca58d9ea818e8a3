import { isLoadlineError, type LoadlineError, type Problem as Mistaken } from 'loadline/base';
import { type Mistake, Problem, pointerOf } from '../problems/index.ts';
import { SnapshotTooLarge } from './profile-files.ts';

/** What a profiler refuses, as the API says it. */
export async function orRefusal<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw isLoadlineError(error) ? refusalOf(error) : error;
  }
}

/** Why there is no profile, for whoever reads the session. Pure. */
export function problemOf(error: unknown): string {
  if (error instanceof Problem || error instanceof SnapshotTooLarge) return error.message;
  const known = isLoadlineError(error) ? problems[error.code] : undefined;
  return known ?? 'Its profile could not be fetched or kept.';
}

const problems: Readonly<Record<string, string>> = {
  PROFILING_UNREACHABLE: 'The instance gave no answer any more.',
  PROFILING_REFUSED: 'The instance refused its profile.',
  PROFILING_SESSION_UNKNOWN:
    'The instance has forgotten the session; it was started anew, or profiled by others.',
};

function refusalOf(error: LoadlineError): unknown {
  switch (error.code) {
    case 'PROFILING_OPTIONS_INVALID':
      return invalid(error);
    case 'PROFILING_BUSY':
      return new Problem(
        'CONTROL_PLANE_STATE_CONFLICT',
        'A profile of this instance runs already; there is one at a time.',
      );
    case 'PROFILING_SNAPSHOT_REFUSED':
      return new Problem('CONTROL_PLANE_STATE_CONFLICT', error.message);
    case 'PROFILING_UNREACHABLE':
      return unavailable('The instance gives no answer at its door for profiles.');
    case 'PROFILING_REFUSED':
      return new Problem('CONTROL_PLANE_STATE_CONFLICT', doorlessDetail(error));
    case 'PROFILING_FAILED':
    case 'PROFILING_CLOSED':
      return unavailable('The instance could not be profiled; another profiler may be attached to it.');
    default:
      return error;
  }
}

/** What answers there is none of our doors, or not for us. */
function doorlessDetail({ facts }: LoadlineError): string {
  return facts.status === 401 || facts.status === 403
    ? "The instance's door for profiles wants another key: give the service the one in LOADLINE_OBSERVE_KEY as its controlKey."
    : 'The instance has no door for profiles: it needs loadline/observe, with the key in LOADLINE_OBSERVE_KEY as its controlKey.';
}

/** An instance that tells more than one mistake tells them in a sentence; this process, each with its place. */
function invalid({ message, facts }: LoadlineError): Problem {
  const problems = (facts.problems ?? []) as readonly Mistaken[];
  const errors = problems.map(
    ({ path, message: detail }): Mistake => ({ in: 'body', pointer: pointerOf(path), detail }),
  );
  const whole: Mistake = { in: 'body', pointer: '', detail: message };
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', message, {
    errors: errors.length > 0 ? errors : [whole],
  });
}

function unavailable(detail: string): Problem {
  return new Problem('CONTROL_PLANE_UNAVAILABLE', detail, { headers: { 'retry-after': '5' } });
}
