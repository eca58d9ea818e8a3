import { errorsOf } from '../base/index.ts';

/** What can go wrong on the way to Valkey and back. */
export const valkeyErrorTable = {
  VALKEY_ADDRESS_INVALID: {
    means: 'The address is not a valkey://, valkeys://, redis:// or rediss:// URL, nor the path of a socket.',
    remedy: 'Write it as valkey://user:password@host:6379/0, or as /path/of/the.sock.',
  },
  VALKEY_UNREACHABLE: {
    means: 'There is no connection at this moment; one is being opened in the background.',
    remedy: 'Do without for now, as with any cache; check the server and the address if it lasts.',
  },
  VALKEY_TIMEOUT: {
    means: 'A command had no answer within its limit; whether it took effect is not known.',
    remedy: 'Do without for now; look for slow commands, swapping, or a frozen server if it lasts.',
  },
  VALKEY_BUSY: {
    means: 'As many commands as are allowed at once are under way already.',
    remedy: 'Shed load, or do without; commandsInFlightMax sets the limit.',
  },
  VALKEY_COMMAND_FAILED: {
    means: 'The server refused a command.',
    remedy:
      'The message has its answer: wrong type, out of memory, no permission, or a command it does not know.',
  },
  VALKEY_CLOSED: {
    means: 'This client was closed.',
    remedy: 'Let requests end before closing it.',
  },
} as const;

/** Creates an error of this room. */
export const valkeyError: ReturnType<typeof errorsOf<typeof valkeyErrorTable>> = errorsOf(valkeyErrorTable);
