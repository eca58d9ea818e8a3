import { setFlagsFromString } from 'node:v8';
import { formatDuration, formatRate, systemClock } from '../../base/index.ts';
import {
  generatorFlags,
  type LoadPlan,
  openTransport,
  readLoadPlan,
  resolveRedirectHosts,
  resolveTarget,
  runLoad,
  sessionProtocolsOf,
  usersAtMost,
} from '../../load/index.ts';
import {
  expectedTime,
  findLimit,
  type LimitAsked,
  type LimitReport,
  readLimitAsked,
} from '../../load/limit/index.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { checkWritable, writeResultFile } from '../door/result-file.ts';
import { readWords } from '../door/words.ts';
import { curveOf } from '../screen/limit-curve.ts';
import { probeLine, summarizeLimit } from '../screen/limit-summary.ts';
import type { Terminal } from '../screen/terminal.ts';
import type { Command, Surroundings } from './command.ts';
import { drawProgress } from './run.ts';

export const findLimitCommand: Command = {
  help: `loadline find-limit FILE [options]

Runs a scenario file with arrivals at one rate after the other, until it knows the highest rate that meets the
file's thresholds; confirms it, refutes a rate just above, and fits the scalability curve. How long that takes
at most is told before it begins.

  --target URL      the service to load, instead of the file's target
  --profile NAME    which of the file's tests
  --from R          the lowest rate, as in --from 50/s; 10/s where nothing is said
  --to R            the highest rate, never exceeded; 10000/s where nothing is said
  --probe D         how long each run lasts, from 2s; 10s where nothing is said
  --precision N%    how close the limit is wanted; 5% where nothing is said
  --confirm N       how many runs have to meet the objectives at the rate that is told; 3 where nothing is said
  --runs N          at most so many runs; where nothing is said, as many as a noisy machine takes
  --seed N          repeats every random draw
  --allow-host NAME allows a target outside this machine and private networks; may be repeated
  --json FILE       writes the report as JSON; - is the standard output, without the summary
  --quiet           no progress

Exit codes: 0 found, 97 no limit could be established, 98 the generator was the bottleneck, 99 the objectives
were missed even at the lowest rate, 2 the input is wrong, 130 interrupted.
`,
  run: searchLimit,
};

const options = {
  target: { type: 'string' },
  profile: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  probe: { type: 'string' },
  precision: { type: 'string' },
  confirm: { type: 'string' },
  runs: { type: 'string' },
  seed: { type: 'string' },
  'allow-host': { type: 'string', multiple: true },
  json: { type: 'string' },
  quiet: { type: 'boolean' },
} as const;

async function searchLimit(
  args: readonly string[],
  { terminal, signal, env }: Surroundings,
): Promise<number> {
  const words = readWords('find-limit', args, options);
  const [file, ...rest] = words.positionals;
  if (file === undefined || rest.length > 0) {
    throw cliError(
      'CLI_USAGE',
      `Cannot search the limit: one scenario file is needed, got ${words.positionals.length}. As in \`loadline find-limit load.yaml\`.`,
    );
  }
  const { target, profile, seed, json, quiet } = words.options;
  const asked = readLimitAsked(words.options);
  const plan = await readLoadPlan(file, { target, profile, seed, env });
  const policy = { allowLoopback: true, allowPrivate: true, allowHosts: words.options['allow-host'] ?? [] };
  const address = await resolveTarget(plan.target, policy);
  const redirectHosts = await resolveRedirectHosts(plan.target, address, policy);
  if (json !== undefined && json !== '-') await checkWritable(json);
  for (const flag of generatorFlags(usersAtMost(plan))) setFlagsFromString(flag);
  const told = quiet === true ? undefined : tellProgress(terminal);
  told?.begins(plan, asked);
  const report = await findLimit(plan, {
    asked,
    signal,
    ...(told === undefined ? {} : { onProbed: told.probed }),
    run: async (variant) =>
      runLoad(variant, {
        transport: await openTransport(plan.target, address, { redirectHosts }, systemClock, {
          users: usersAtMost(variant),
          generator: 0,
          sessions: sessionProtocolsOf(variant),
        }),
        signal,
        ...(told?.onProgress === undefined ? {} : { onProgress: told.onProgress }),
      }),
  });
  const curve = curveOf(report);
  const text = `${JSON.stringify({ ...report, curve }, undefined, 2)}\n`;
  // The search took its time: what it has shown is on the screen before a file that cannot be written ends it.
  terminal.out(json === '-' ? text : summarizeLimit(report, curve, terminal));
  if (json !== undefined && json !== '-') await writeResultFile(json, text);
  return exitCodeOfSearch(report.status);
}

function exitCodeOfSearch(status: LimitReport['status']): number {
  switch (status) {
    case 'found':
      return exitCodes.passed;
    case 'generator':
      return exitCodes.invalid;
    case 'below':
      return exitCodes.failed;
    case 'interrupted':
      return exitCodes.interrupted;
    default:
      return exitCodes.inconclusive;
  }
}

/** A line for each run that has ended, and on a terminal one for the run that is under way, drawn over itself. */
function tellProgress(terminal: Terminal) {
  const drawn = drawProgress(terminal);
  let number = 0;
  return {
    begins(plan: LoadPlan, asked: LimitAsked): void {
      const { usualRuns, usualMs, mostMs } = expectedTime(plan, asked);
      terminal.err(
        `From ${formatRate(asked.fromRate)} to ${formatRate(asked.toRate)} in runs of ${formatDuration(asked.probeMs)}: ` +
          `about ${usualRuns} of them in ${formatDuration(usualMs)}, at most ${asked.runsMax} in ${formatDuration(mostMs)}.\n`,
      );
    },
    probed(row: LimitReport['probes'][number]): void {
      drawn?.clear();
      terminal.err(
        `${probeLine(row, number++, terminal.isInteractive ? terminal.style : (_, text) => text)}\n`,
      );
    },
    onProgress: drawn?.update,
  };
}
