import { flushCompileCache } from 'node:module';
import { describeStop, exitCodeOf, stopOnSignals } from 'loadline/traffic';
import { describeProblems, parseEnvironment } from './configuration.ts';
import { startFoodshare } from './foodshare.ts';

const options = parseEnvironment(process.env);
if (!options.ok) {
  process.stderr.write(
    `Cannot start foodshare, because of its environment:\n${describeProblems(options.problems)}\n`,
  );
  process.exit(2);
}
const foodshare = await startFoodshare(options.value).catch((error: unknown) => {
  process.stderr.write(`Cannot start foodshare: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
process.stdout.write(`foodshare listening on ${foodshare.url}\n`);
// Where NODE_COMPILE_CACHE names a folder, the next instance starts in half the time: not first when this one ends.
flushCompileCache();

stopOnSignals(foodshare.graceful, {
  onStopped(report) {
    if (exitCodeOf(report) !== 0) process.stderr.write(`foodshare: ${describeStop(report)}\n`);
  },
});
