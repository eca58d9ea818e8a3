import type { LinkProblem } from './link-session.ts';
import { messageOf, reasonOf } from './socket-failure.ts';

/** What an error of a `node:http` request means to whoever waits for its answer. */
export function httpProblem(error: NodeJS.ErrnoException): LinkProblem {
  const { code = '', message } = error;
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { reason: 'too large', message: 'the target sent a head over the limit' };
  }
  if (code.startsWith('HPE_'))
    return { reason: 'malformed', message: `the target sent no HTTP (${message})` };
  // Node gives a connection that ended in order the code of one that was reset, and these two texts.
  if (code === 'ECONNRESET' && (message === 'socket hang up' || message === 'aborted')) {
    return { reason: 'closed', message: 'the connection was closed before the answer was complete' };
  }
  return { reason: reasonOf(error), message: messageOf(error) };
}
