/** A program with a stack, for the tests that end it: says what it started, then waits for whatever comes. */
import { startLocalStack } from '../src/index.ts';

const folder = process.argv[2] ?? '';
const stack = await startLocalStack(folder === '' ? {} : { folder });
process.send?.({
  folder: stack.postgres.folder,
  pids: [stack.postgres.pid, stack.valkeyCache.pid, stack.valkeyLog.pid],
});
