import { systemClock } from 'loadline/base';
import {
  createFunctionSessions,
  type FarEnd,
  type FunctionHandshake,
} from '../../../src/load/transports/function-sessions.ts';
import { describeSessions } from '../../contracts/session-contract.ts';

describeSessions('a function', async () => {
  const connected = new Set<FarEnd>();
  const answer = (path: string, farEnd: FarEnd): FunctionHandshake => {
    if (path === '/silent') return { kind: 'silence' };
    if (path === '/refused') return { kind: 'refused', delayMs: 1, status: 403 };
    connected.add(farEnd);
    return { kind: 'open', delayMs: 1 };
  };
  return {
    transport: createFunctionSessions(systemClock, ({ path }, farEnd) => answer(path, farEnd), {
      inboxMessagesMax: 3,
    }),
    say(text) {
      for (const farEnd of connected) farEnd.say(text, 0);
    },
    leave() {
      for (const farEnd of connected) farEnd.leave('closed', 0);
    },
    connected: () => [...connected].filter(({ isOver }) => !isOver).length,
    stop: () => Promise.resolve(),
  };
});
