/** How much memory does a user take that does nothing but wait? */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { attempt } from './attempt.ts';
import { buildPackage } from './built-package.ts';
import { loadlineRun, readReport, runCodes } from './contenders.ts';
import { type Command, checkEnded, cores, type Ended, residentBytesOf, start } from './processes.ts';
import { startTarget, type Target } from './target.ts';

/** Of the files; other numbers are reached by `--scale`. */
const fileUsers = 10_000;

export async function measureIdleUsers(options: BenchOptions): Promise<Row[]> {
  options.progress('building');
  // A process of the checkout holds the compiler that strips the types, of which its garbage is a part.
  using built = await buildPackage();
  const rows = [...(await measureOneProcess(built.bin, options))];
  if (options.short) return rows; // The large ones take minutes.
  for (const [users, megabytesMax] of [
    [50_000, 400],
    [100_000, 800],
  ] as const) {
    const name = `${users.toLocaleString('en')} idle users, all generator processes`;
    options.progress(name);
    rows.push(...(await attempt(name, () => measureMany(name, users, megabytesMax, built.bin), options)));
  }
  return rows;
}

async function measureOneProcess(bin: string, options: BenchOptions): Promise<Row[]> {
  await using target = await startTarget();
  const perUserRow = async (file: string, language: string, kilobytesMax: number): Promise<Row[]> => {
    options.progress(`${language}: 1 user, for what the process itself takes`);
    const alone = await residentBytes({ file, users: 1, target, bin });
    options.progress(`${language}: 10,000 users`);
    const bytes = ((await residentBytes({ file, users: fileUsers, target, bin })) - alone) / (fileUsers - 1);
    return [
      rowOf({ name: `process with 1 idle user, ${language}`, unit: 'MB', value: alone / 1e6 }),
      rowOf(
        { name: `an idle user among 10,000, ${language}`, unit: 'KB', value: bytes / 1024 },
        { target: `at most ${kilobytesMax} KB`, met: bytes <= kilobytesMax * 1024 },
      ),
    ];
  };
  return [
    ...(await perUserRow('idle-users.yaml', 'declarative', 5)),
    ...(await perUserRow('idle-users-awaiting.ts', 'in TypeScript', 7)),
  ];
}

/** No process may hold so many connections: the generator's and the target's are each spread over several. */
async function measureMany(name: string, users: number, megabytesMax: number, bin: string): Promise<Row[]> {
  await using nginx = await startTarget({ workers: Math.ceil(users / 17_000), core: 'any' });
  const words = ['--workers', 'auto', '--duration', `${35 + users / 1000}s`];
  const bytes = await residentBytes({
    file: 'idle-users.yaml',
    users,
    target: nginx,
    words,
    core: 'any',
    bin,
  });
  const isMet = bytes < megabytesMax * 1e6;
  return [
    rowOf({ name, unit: 'MB', value: bytes / 1e6 }, { target: `below ${megabytesMax} MB`, met: isMet }),
  ];
}

interface Crowd {
  readonly file: string;
  readonly users: number;
  readonly target: Target;
  readonly words?: readonly string[];
  readonly core?: Command['core'];
  /** The command. */
  readonly bin: string;
}

/** Of the generator with all its processes, while every user is connected and has thought at least once. */
async function residentBytes({
  file,
  users,
  target,
  words = [],
  core = cores.generator,
  bin,
}: Crowd): Promise<number> {
  const scale = ['--scale', String(users / fileUsers)];
  const command = { ...loadlineRun(file, ['--target', target.url, ...scale, ...words], bin), core };
  const before = await target.status();
  await using running = start(command);
  for (let waitedMs = 0; ; waitedMs += 200) {
    const now = await target.status();
    if (now.connections >= users && now.requests - before.requests >= users) break;
    if (running.child.exitCode !== null) throw tooFew(now.connections, users, why(await running.ended));
    if (waitedMs > 120_000) throw tooFew(now.connections, users, 'It took too long.');
    await sleep(200);
  }
  await sleep(11_000); // Everybody has had a second turn.
  const samples: number[] = [];
  for (let sample = 0; sample < 9; sample++) {
    samples.push(residentBytesOf(running.pid));
    await sleep(500);
  }
  const { stdout } = checkEnded(command, await running.ended, runCodes);
  const { errors } = readReport(stdout).total;
  if (errors > 0) throw new Error(`Cannot measure ${users} users: ${errors} of their requests failed.`);
  return figureOf(samples).median;
}

function tooFew(connections: number, users: number, why: string): Error {
  return new Error(`Only ${connections} of ${users} users are connected. ${why}`);
}

function why({ stdout, stderr }: Ended): string {
  return stdout === '' ? stderr : readReport(stdout).verdict.reasons.join(' ');
}
