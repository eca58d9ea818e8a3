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

stopOnSignals(foodshare.graceful, {
  onStopped(report) {
    if (exitCodeOf(report) !== 0) process.stderr.write(`foodshare: ${describeStop(report)}\n`);
  },
});
