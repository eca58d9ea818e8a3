import { type Comparison, compareRuns, readReports } from '../../load/compare/index.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { checkWritable, writeResultFile } from '../door/result-file.ts';
import { readWords } from '../door/words.ts';
import { drawComparison } from '../screen/comparison.ts';
import { comparisonMarkdown } from '../screen/comparison-markdown.ts';
import type { Command, Surroundings } from './command.ts';

export const compareCommand: Command = {
  help: `loadline compare A B [options]

Compares runs of one build (A) with runs of another (B), for each metric and endpoint: worse, better, the same,
or inconclusive, and how many runs would tell. A and B are each a report (\`loadline run FILE --json REPORT\`),
a folder of reports, a pattern in quotes, or several of these with commas between them. Begin with five
runs on each side and let the builds take turns; one run on each side tells only large changes.

  --margin N%        a change of times and rates within ± this is none; 5 % where nothing is said
  --error-margin N%  a change of the error ratio within ± so many points is none; 0.1 % where nothing is said
  --all              shows also what is the same, and all that is inconclusive
  --json             prints the comparison as JSON instead of the table
  --markdown FILE    writes it as Markdown too, as for a pull request
  --fail-inconclusive  exits with 97 where something is inconclusive and nothing worse

Exit codes: 0 nothing is worse, 99 something is worse, 98 a run is invalid or was interrupted, 97 see above,
2 the input is wrong.
`,
  run: compare,
};

const options = {
  margin: { type: 'string' },
  'error-margin': { type: 'string' },
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  markdown: { type: 'string' },
  'fail-inconclusive': { type: 'boolean' },
} as const;

async function compare(args: readonly string[], { terminal }: Surroundings): Promise<number> {
  const { options: asked, positionals } = readWords('compare', args, options);
  const [a, b] = positionals;
  if (a === undefined || b === undefined || positionals.length > 2) {
    const hint = 'Several runs of one side stand in a folder, or with commas between them.';
    throw cliError(
      'CLI_USAGE',
      `Cannot compare: two places are needed, as in \`loadline compare before/ after/\`, got ${positionals.length}. ${hint}`,
    );
  }
  const margin = readPercent('--margin', asked.margin);
  const errorMargin = readPercent('--error-margin', asked['error-margin']);
  if (asked.markdown !== undefined) await checkWritable(asked.markdown);
  const comparison = compareRuns(await readReports(a), await readReports(b), {
    ...(margin === undefined ? {} : { margin }),
    ...(errorMargin === undefined ? {} : { errorMargin }),
  });
  if (asked.json === true) terminal.out(`${JSON.stringify(comparison, undefined, 2)}\n`);
  else
    terminal.out(
      drawComparison(comparison, { width: terminal.width, style: terminal.style, all: asked.all === true }),
    );
  if (asked.markdown !== undefined) {
    await writeResultFile(asked.markdown, comparisonMarkdown(comparison));
    terminal.err(`The comparison is in ${asked.markdown}.\n`);
  }
  return exitCodeFor(comparison.verdict, asked['fail-inconclusive'] === true);
}

function exitCodeFor(verdict: Comparison['verdict'], failInconclusive: boolean): number {
  switch (verdict) {
    case 'worse':
      return exitCodes.failed;
    case 'invalid':
      return exitCodes.invalid;
    case 'inconclusive':
      return failInconclusive ? exitCodes.inconclusive : exitCodes.passed;
    default:
      return exitCodes.passed;
  }
}

/** `5%` as 0.05. */
function readPercent(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const percent = Number(/^(\d+(?:\.\d+)?) ?%$/.exec(text.trim())?.[1]);
  if (percent > 0 && percent < 100) return percent / 100;
  throw cliError(
    'CLI_USAGE',
    `Cannot compare: ${name} must be between 0% and 100%, like 5%, got ${JSON.stringify(text)}.`,
  );
}
