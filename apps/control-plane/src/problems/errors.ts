import { errorsOf } from 'loadline/base';

export const controlPlaneErrorTable = {
  CONTROL_PLANE_REQUEST_INVALID: {
    means: 'The request does not fit the contract; `errors` has a pointer to each mistake.',
    remedy: 'Correct the places; `/openapi.json` has every schema.',
  },
  CONTROL_PLANE_BODY_MALFORMED: {
    means: 'The body is not what it says it is: JSON, metrics as text, a message of Prometheus.',
    remedy:
      'Send valid JSON with `content-type: application/json`, nested at most 64 deep; or what the operation reads.',
  },
  CONTROL_PLANE_MEDIA_TYPE_UNKNOWN: {
    means: 'The body has a media type that this operation does not read.',
    remedy: 'Send `application/json`, or what the operation names.',
  },
  CONTROL_PLANE_BODY_TOO_LARGE: {
    means: 'The body, or the head, of the request is larger than it may be.',
    remedy: 'Send less at once.',
  },
  CONTROL_PLANE_TOO_SLOW: {
    means: 'The request took too long to arrive.',
    remedy: 'Send it without pauses.',
  },
  CONTROL_PLANE_UNAUTHENTICATED: {
    means: 'No key was sent, or one that is unknown, expired or revoked.',
    remedy: 'Send `Authorization: Bearer KEY` with a live key, or open a session.',
  },
  CONTROL_PLANE_FORBIDDEN: {
    means: 'The key is known, and its role may not do this.',
    remedy: 'Ask with a key of the role that the message names.',
  },
  CONTROL_PLANE_CSRF: {
    means: 'A browser’s session asked for a change without its token.',
    remedy: 'Send the `csrfToken` of `GET /session` as the header `X-CSRF-Token`.',
  },
  CONTROL_PLANE_NOT_FOUND: {
    means: 'There is nothing at this address, or under this id.',
    remedy: 'Check the path and the id.',
  },
  CONTROL_PLANE_METHOD_NOT_ALLOWED: {
    means: 'The address is known, the method is not possible there.',
    remedy: 'Use one of those in the header `Allow`.',
  },
  CONTROL_PLANE_STATE_CONFLICT: {
    means: 'What is asked for does not fit the state that the thing is in.',
    remedy: 'Look at its state, and ask for what fits.',
  },
  CONTROL_PLANE_IDEMPOTENCY_REUSED: {
    means: 'The `Idempotency-Key` was used before, with another body.',
    remedy: 'Take a new key for a new request.',
  },
  CONTROL_PLANE_TOO_MANY: {
    means: 'A limit of how many is reached: requests in a time, tests in the queue, keys, schedules.',
    remedy: 'Wait as long as `Retry-After` says, or remove what is not needed.',
  },
  CONTROL_PLANE_TARGET_REFUSED: {
    means: 'The target is an address that load must not go to from here.',
    remedy: 'Load your own services; an administrator allows kinds and hosts by `--allow-target`.',
  },
  CONTROL_PLANE_PRODUCTION: {
    means: 'The target is marked as production, and the request does not spell it out.',
    remedy: 'Send the host’s name as `production` each time; schedules never load production.',
  },
  CONTROL_PLANE_SCENARIO_INVALID: {
    means: 'The scenario, or what was asked for besides it, cannot be run; `errors` says why.',
    remedy: 'Correct the places; docs/reference/scenario-file.md has every key.',
  },
  CONTROL_PLANE_UNAVAILABLE: {
    means: 'The control plane cannot do this at the moment.',
    remedy: 'Ask again in a little while.',
  },
  CONTROL_PLANE_UNFORESEEN: {
    means: 'Something went wrong that nobody foresaw; it is in the log under the request’s id.',
    remedy: 'Report it with the id.',
  },
  CONTROL_PLANE_START_REFUSED: {
    means: 'The control plane does not start as it was asked to.',
    remedy: 'Do as the message says: TLS files, `--behind-proxy`, or an admin key.',
  },
} as const;

export const controlPlaneError: ReturnType<typeof errorsOf<typeof controlPlaneErrorTable>> =
  errorsOf(controlPlaneErrorTable);

export type ProblemCode = keyof typeof controlPlaneErrorTable;
