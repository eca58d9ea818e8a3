import { ended, isLoadlineError, type LoadlineError, type Problem as Mistaken } from 'loadline/base';
import { type Mistake, notRemembered, Problem, pointerOf, unknownName } from '../problems/index.ts';

/** What the scaler refuses, as the API says it. */
export async function orRefusal<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw isLoadlineError(error) ? refusalOf(error) : error;
  }
}

function refusalOf(error: LoadlineError): unknown {
  switch (error.code) {
    case 'SCALING_GROUP_UNKNOWN':
      return unknownName('group', String(error.facts.group), error.facts.groups as readonly string[]);
    case 'SCALING_POLICY_CONFLICT':
    case 'SCALING_RESTART_REFUSED':
      return new Problem('CONTROL_PLANE_STATE_CONFLICT', error.message);
    case 'SCALING_POLICY_INVALID':
      return invalid(error.facts.problems as readonly Mistaken[]);
    case 'SCALING_MANUAL_INVALID':
      return manualInvalid(error.facts.problems as readonly string[]);
    case 'SCALING_MEMORY_FAILED':
      return notRemembered();
    default:
      return error;
  }
}

function invalid(problems: readonly Mistaken[]): Problem {
  const errors = problems.map(
    ({ path, message }): Mistake => ({
      in: 'body',
      pointer: pointerOf(['policy', ...path]),
      detail: message,
    }),
  );
  const told = errors.slice(0, 3).map(({ pointer, detail }) => `${pointer} ${detail}`);
  const rest = errors.length > told.length ? `; and ${errors.length - told.length} more` : '';
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', ended(`${told.join('; ')}${rest}`), { errors });
}

/** Each begins with the name of what is wrong, as the scaler has it. */
function manualInvalid(problems: readonly string[]): Problem {
  const errors = problems.map((problem): Mistake => {
    const [name = '', ...rest] = problem.split(' ');
    return { in: 'body', pointer: name === 'forMs' ? '/duration' : `/${name}`, detail: rest.join(' ') };
  });
  const told = errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', `${told}.`, { errors });
}
