/** How long after the command is the first request at the server? */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { autocannonCommand, loadlineRun, runCodes, wrkCommand } from './contenders.ts';
import { type Command, runToEnd } from './processes.ts';
import { sharedNowMs, startStampingTarget } from './stamping-target.ts';
import { temporaryFolder } from './temporary-folder.ts';

const starts = 15;
const root = fileURLToPath(new URL('../../', import.meta.url));

export async function measureStart(options: BenchOptions): Promise<Row[]> {
  options.progress('building');
  using built = buildPackage();
  await using target = await startStampingTarget();
  const firstMs = async (command: Command): Promise<number> => {
    const startedMs = sharedNowMs();
    await runToEnd(command, runCodes);
    const { arrivedMs } = await target.takeStamps();
    return (arrivedMs[0] ?? Number.NaN) - startedMs;
  };
  const bin = join(built.path, 'bin/loadline.js');
  const command = loadlineRun('first-request.yaml', ['--target', target.url], bin);
  const samples = { ours: [] as number[], autocannon: [] as number[], wrk: [] as number[] };
  await firstMs(command); // The files are in the page cache from here on.
  options.progress(`${starts} starts`);
  for (let index = 0; index < starts; index++) {
    samples.ours.push(await firstMs(command));
    samples.autocannon.push(await firstMs(autocannonCommand(target.url, 1, ['--amount', '1'])));
    samples.wrk.push(await firstMs(wrkCommand(target.url, 1)));
  }
  const { median, spread } = figureOf(samples.ours);
  const row = { name: 'start of the built command to its first request', unit: 'ms', value: median, spread };
  return [
    rowOf(row, {
      rival: 'autocannon',
      rivalValue: figureOf(samples.autocannon).median,
      target: 'below 200 ms',
      met: median < 200,
    }),
    rowOf(row, { rival: 'wrk', rivalValue: figureOf(samples.wrk).median }),
  ];
}

/**
 * What would be published, in a folder of its own: a `dist` in the checkout would be in the way of whoever else
 * works there. Inside the checkout, because dependencies are looked for in the folders above.
 */
function buildPackage(): ReturnType<typeof temporaryFolder> {
  const source = join(root, 'packages/loadline');
  const folder = temporaryFolder('built', join(root, '.loadline'));
  const { files } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', ...files.filter((file) => existsSync(join(source, file)))])
    cpSync(join(source, name), join(folder.path, name), { recursive: true });
  const own = join(source, 'node_modules');
  if (existsSync(own)) symlinkSync(own, join(folder.path, 'node_modules'));
  const compile = join(root, 'node_modules/.bin/tsc');
  const words = ['-p', join(source, 'tsconfig.build.json'), '--outDir', join(folder.path, 'dist')];
  execFileSync(compile, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  return folder;
}
