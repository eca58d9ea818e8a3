import { ended, formatPath, type LoadlineError, type Problem } from '../base/index.ts';
import { trafficError } from './errors.ts';

/** The error for options that cannot work, with every problem. @param attempt what was to be done: `stop gracefully`. */
export function optionsError(attempt: string, problems: readonly Problem[]): LoadlineError {
  const found = problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  return trafficError('TRAFFIC_OPTIONS_INVALID', ended(`Cannot ${attempt}: ${found.join('; ')}`), {
    facts: { problems },
  });
}
