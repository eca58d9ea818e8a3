import { cliError } from '../door/errors.ts';
import type { Command, Surroundings } from './command.ts';

/** The demo lives with the example that it shows; it is found by name, because the library imports no example. */
const demoPackage = '@loadline/foodshare/demo';

export const demoCommand: Command = {
  help: `loadline demo [options]

Starts PostgreSQL, two Valkeys and two instances of a food-sharing service, fills them with data, loads them
with a day's peak for about a minute, and prints the report.

  --scale N         share of 5,000 users
  --duration D      length of the load, as in --duration 30s
  --posts N         food posts to generate
  --serve PORT      loads nothing: leaves the service at this port until Ctrl-C, for runs of your own
  --exit            ends when the run has ended; today it always does
`,
  run: runDemo,
};

interface DemoModule {
  readonly runDemo: (args: readonly string[], surroundings: Surroundings) => Promise<number>;
}

async function runDemo(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const demo = await loadDemo();
  return demo.runDemo(args, surroundings);
}

async function loadDemo(): Promise<DemoModule> {
  try {
    return (await import(demoPackage)) as DemoModule;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw cliError(
      'CLI_PART_MISSING',
      `Cannot run the demo: ${demoPackage} is not installed. It is part of the repository: clone it and run \`npm run demo\` there.`,
      {
        cause,
      },
    );
  }
}
