/** How long after the command is the first request at the server? */
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { buildPackage } from './built-package.ts';
import { autocannonCommand, loadlineRun, runCodes, wrkCommand } from './contenders.ts';
import { type Command, runToEnd } from './processes.ts';
import { sharedNowMs, startStampingTarget } from './stamping-target.ts';

const starts = 15;

export async function measureStart(options: BenchOptions): Promise<Row[]> {
  options.progress('building');
  using built = await buildPackage();
  await using target = await startStampingTarget();
  const firstMs = async (command: Command): Promise<number> => {
    const startedMs = sharedNowMs();
    await runToEnd(command, runCodes);
    const { arrivedMs } = await target.takeStamps();
    return (arrivedMs[0] ?? Number.NaN) - startedMs;
  };
  const command = loadlineRun('first-request.yaml', ['--target', target.url], built.bin);
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
