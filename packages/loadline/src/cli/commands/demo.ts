import { cliError } from '../door/errors.ts';
import type { Command, Surroundings } from './command.ts';

/** The demo lives with the example that it shows; it is found by name, because the library imports no example. */
const demoPackage = '@loadline/foodshare/demo';

export const demoCommand: Command = {
  help: `loadline demo [options]

Starts PostgreSQL, two Valkeys and a control plane that runs a food-sharing service behind a proxy; fills them with
data; lets ten times as many people in for a while, tells each step of the scaling with its reason, and prints the
report.

  --scale N         share of 5,000 users; default 0.1
  --duration D      length of the load; default 100s
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
