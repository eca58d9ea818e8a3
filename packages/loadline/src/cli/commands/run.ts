import { open, writeFile } from 'node:fs/promises';
import { systemClock } from '../../base/index.ts';
import {
  createHttp1Transport,
  type LoadProgress,
  type LoadReport,
  readLoadPlan,
  resolveTarget,
  runLoad,
} from '../../load/index.ts';
import { cliError } from '../door/errors.ts';
import { exitCodeOf } from '../door/exit-codes.ts';
import { readWords } from '../door/words.ts';
import { progressLine } from '../screen/progress-line.ts';
import { summarize } from '../screen/summary.ts';
import type { Terminal } from '../screen/terminal.ts';
import type { Command, Surroundings } from './command.ts';

export const runCommand: Command = {
  name: 'run',
  usage: 'run FILE',
  summary: 'runs a load test and says whether it passed',
  help: `loadline run FILE [options]

Runs the load test that a scenario file describes, draws progress on a terminal, and prints a summary.

  --target URL      the service to load, instead of the file's target
  --profile NAME    which of the file's tests
  --scale N         multiplies users and rates, as in --scale 0.1
  --rate N          arrivals a second instead of the file's load, as in --rate 50 or --rate 3000/m
  --duration D      stretches or shrinks the load to this length, as in --duration 30s
  --seed N          repeats every random draw of a run
  --allow-host NAME allows a target outside this machine and private networks; may be repeated
  --json FILE       writes the report as JSON; - is the standard output, without the summary
  --quiet           no progress, and no summary where the run has passed

Exit codes: 0 passed, 99 a threshold failed or nothing answered, 98 the generator was the bottleneck,
97 inconclusive, 2 the input is wrong, 130 interrupted. Ctrl-C ends a run with its report, twice at once.
`,
  run: runFile,
};

const options = {
  target: { type: 'string' },
  profile: { type: 'string' },
  scale: { type: 'string' },
  rate: { type: 'string' },
  duration: { type: 'string' },
  seed: { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  json: { type: 'string' },
  quiet: { type: 'boolean' },
} as const;

async function runFile(args: readonly string[], { terminal, signal }: Surroundings): Promise<number> {
  const words = readWords('run', args, options);
  const [file, ...rest] = words.positionals;
  if (file === undefined || rest.length > 0) {
    throw cliError(
      'CLI_USAGE',
      `Cannot run: one scenario file is needed, got ${words.positionals.length}. As in \`loadline run load.yaml\`.`,
    );
  }
  const { target, profile, scale, rate, duration, seed, json, quiet } = words.options;
  const plan = await readLoadPlan(file, { target, profile, scale, rate, duration, seed });
  const policy = { allowLoopback: true, allowPrivate: true, allowHosts: words.options['allow-host'] ?? [] };
  const address = await resolveTarget(plan.target, policy);
  if (json !== undefined && json !== '-') await checkWritable(json);
  const transport = createHttp1Transport({ target: new URL(plan.target), address, clock: systemClock });
  const drawn = quiet === true ? undefined : drawProgress(terminal);
  const report = await runLoad(plan, {
    transport,
    signal,
    ...(drawn === undefined ? {} : { onProgress: drawn.update }),
  });
  drawn?.clear();
  await writeReport(report, json, terminal);
  const isSilent = json === '-' || (quiet === true && report.verdict.status === 'passed');
  if (!isSilent) terminal.out(summarize(report, terminal));
  return exitCodeOf(report.verdict.status);
}

/** Draws over one line of a terminal; where there is none, nothing is drawn. */
export function drawProgress(
  terminal: Terminal,
): { update(progress: LoadProgress): void; clear(): void } | undefined {
  if (!terminal.isInteractive) return undefined;
  const clearLine = '\r\u001b[K';
  return {
    update: (progress) => terminal.err(`${clearLine}${progressLine(progress, terminal)}`),
    clear: () => terminal.err(clearLine),
  };
}

/** Before the run, because afterwards an hour may have been in vain. */
async function checkWritable(file: string): Promise<void> {
  try {
    await (await open(file, 'a')).close();
  } catch (cause) {
    throw unwritable(file, cause as Error);
  }
}

function unwritable(file: string, cause: Error): Error {
  const message = `Cannot write the report to ${file}: ${cause.message}.`;
  return cliError('CLI_OUTPUT_UNWRITABLE', message, { cause, facts: { file } });
}

async function writeReport(report: LoadReport, file: string | undefined, terminal: Terminal): Promise<void> {
  if (file === undefined) return;
  const text = `${JSON.stringify(report, undefined, 2)}\n`;
  if (file === '-') {
    terminal.out(text);
    return;
  }
  try {
    await writeFile(file, text);
  } catch (cause) {
    // The run took its time: what was measured is shown before the error is.
    terminal.out(summarize(report, terminal));
    throw unwritable(file, cause as Error);
  }
}
