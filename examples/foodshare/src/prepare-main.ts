import { parseArgs } from 'node:util';
import { formatDuration, isLoadlineError, parseDuration } from 'loadline/base';
import { writePeople } from './generate/people.ts';
import { prepareFoodshare } from './generate/prepare.ts';

const usage = `Makes the example's schema and data in the database of DATABASE_URL, unless they are there.

  node examples/foodshare/src/prepare-main.ts [--posts 100000] [--seed 1]
      [--people FILE [--count 5000] [--admins 0] [--token-lifetime 1d]]

  --people  also writes people with their tokens as CSV, signed with FOODSHARE_TOKEN_SECRET
`;

const { values } = parseArgs({
  options: {
    posts: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    people: { type: 'string' },
    count: { type: 'string', default: '5000' },
    admins: { type: 'string', default: '0' },
    'token-lifetime': { type: 'string', default: '1d' },
    help: { type: 'boolean', default: false },
  },
});
const { DATABASE_URL: databaseUrl, FOODSHARE_TOKEN_SECRET: tokenSecret } = process.env;

if (values.help) {
  process.stdout.write(usage);
} else if (databaseUrl === undefined || (values.people !== undefined && tokenSecret === undefined)) {
  process.stderr.write(`DATABASE_URL is needed, and for people FOODSHARE_TOKEN_SECRET.\n\n${usage}`);
  process.exitCode = 2;
} else {
  await prepare(databaseUrl).catch((error: unknown) => {
    process.stderr.write(`\n${isLoadlineError(error) ? error.toString() : String(error)}\n`);
    process.exitCode = 1;
  });
}

async function prepare(url: string): Promise<void> {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort(new Error('Interrupted; the next start begins anew.')));
  const startMs = performance.now();
  const { posts, users, groups, generated, shiftedDays } = await prepareFoodshare({
    databaseUrl: url,
    posts: Number(values.posts),
    seed: Number(values.seed),
    signal: controller.signal,
    onProgress: createBar(),
  });
  const took = formatDuration(performance.now() - startMs);
  const how = generated ? 'generated' : shiftedDays === 0 ? 'there already' : `moved by ${shiftedDays} days`;
  process.stderr.write(`${posts} posts, ${users} users, ${groups} groups: ${how}, in ${took}\n`);
  if (values.people === undefined) return;
  const written = await writePeople({
    databaseUrl: url,
    tokenSecret: tokenSecret as string,
    file: values.people,
    count: Number(values.count),
    admins: Number(values.admins),
    tokenLifetimeMs: parseDuration(values['token-lifetime']) ?? 86_400_000,
  });
  process.stderr.write(`${written} people written to ${values.people}\n`);
}

/** A bar that redraws itself on a terminal; elsewhere a line for each new step. */
function createBar(): (fraction: number, label: string) => void {
  const isTerminal = process.stderr.isTTY === true;
  let lastLabel = '';
  let lastPercent = -1;
  return (fraction, label) => {
    const percent = Math.floor(fraction * 100);
    if (isTerminal && (percent !== lastPercent || label !== lastLabel)) {
      const filled = Math.round(fraction * 30);
      const bar = '█'.repeat(filled) + '░'.repeat(30 - filled);
      process.stderr.write(
        `\r${bar} ${String(percent).padStart(3)} % ${label.padEnd(40)}${fraction === 1 ? '\n' : ''}`,
      );
    } else if (!isTerminal && label !== lastLabel) {
      process.stderr.write(`${String(percent).padStart(3)} % ${label}\n`);
    }
    lastLabel = label;
    lastPercent = percent;
  };
}
