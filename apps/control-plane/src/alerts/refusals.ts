import { isLoadlineError } from 'loadline/base';
import { tooMany, unknownThing } from '../problems/index.ts';

/** What the monitor refuses, as the API says it. */
export async function orRefusal<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw isLoadlineError(error) ? refusalOf(error.code, error) : error;
  }
}

function refusalOf(code: string, error: unknown): unknown {
  switch (code) {
    case 'MONITORING_ALERT_UNKNOWN':
      return unknownThing('alert');
    case 'MONITORING_INCIDENT_UNKNOWN':
      return unknownThing('incident that is open');
    case 'MONITORING_SILENCE_UNKNOWN':
      return unknownThing('silence');
    case 'MONITORING_SILENCES_FULL':
      return tooMany('There are as many silences as there may be; end some.', 60);
    default:
      return error;
  }
}
