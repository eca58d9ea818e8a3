import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type RunHere, runHere } from './run-here.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadline-scale-'));
  await writeFile(
    join(folder, 'policy.yaml'),
    'replicas: { min: 2, max: 9 }\nmetrics:\n  cpuRatio: { target: 0.7 }\n',
  );
  await writeFile(
    join(folder, 'wrong.yaml'),
    'replicas: { min: 9, max: 2 }\nmetrics: { height: { target: 1 } }\n',
  );
  await writeFile(
    join(folder, 'mistyped.yaml'),
    'replicas: { min: 2, max: 9 }\nmetrics: { cpuRatoi: { target: 0.7 } }\n',
  );
  await writeFile(join(folder, 'slip.yaml'), 'replicas: [}\n');
  await writeFile(join(folder, 'alias.yaml'), 'replicas: *nobody\n');
});
afterAll(() => rm(folder, { recursive: true }));

/** A name of a file stands for the one in the folder. */
async function scale(...args: readonly string[]): Promise<RunHere> {
  const words = args.map((word) => (word.endsWith('.yaml') ? join(folder, word) : word));
  const { code, out, err } = await runHere('scale', ...words);
  return { code, out, err: err.replaceAll(join(folder, '/'), '') };
}

describe('loadline scale export', () => {
  it('writes the objects that were asked for, in that order', async () => {
    const { code, out, err } = await scale(
      ...[
        'export',
        'policy.yaml',
        '--name',
        'shop',
        '--as',
        'deployment',
        '--image',
        'shop:1',
        '--as',
        'keda',
      ],
      ...['--as', 'pdb', '--as', 'hpa', '--namespace', 'web'],
    );
    expect([code, err]).toEqual([0, '']);
    const objects = parseAllDocuments(out).map((document) => document.toJS());
    expect(objects.map(({ kind, metadata }) => [kind, metadata.name, metadata.namespace])).toEqual([
      ['Deployment', 'shop', 'web'],
      ['ScaledObject', 'shop', 'web'],
      ['PodDisruptionBudget', 'shop', 'web'],
      ['HorizontalPodAutoscaler', 'shop', 'web'],
    ]);
    expect(objects[1].spec.triggers[0].metadata.scalerAddress).toBe('loadline.loadline.svc:9090');
    expect(out).toContain('# It says nothing of `replicas`');
  });

  it('reads back what it has written, with its name', async () => {
    const file = 'hpa.yaml';
    expect(await scale('export', 'policy.yaml', '--name', 'shop', '--as', 'hpa', '--out', file)).toEqual({
      code: 0,
      out: '',
      err: `The objects are in ${file}.\n`,
    });
    const second = await scale('export', 'hpa.yaml', '--as', 'hpa');
    expect(parseAllDocuments(second.out)[0]?.toJS()).toEqual(
      parseAllDocuments(await readFile(join(folder, file), 'utf8'))[0]?.toJS(),
    );
    expect(
      await scale('export', 'policy.yaml', '--name', 'shop', '--as', 'hpa', '--out', file),
    ).toMatchObject({
      code: 2,
      err: expect.stringContaining('--force replaces it'),
    });
  });

  it.each([
    [
      ['export', 'wrong.yaml', '--as', 'hpa', '--name', 'a'],
      /wrong\.yaml: it has 2 problems\.\n {2}line 1, replicas\.min must be at most max.*\n {2}line 2, metrics\.height/,
    ],
    [
      ['export', 'slip.yaml', '--as', 'hpa', '--name', 'a'],
      /SCALING_POLICY_INVALID: Cannot scale by slip\.yaml/,
    ],
    [
      ['export', 'none.yaml', '--as', 'hpa', '--name', 'a'],
      /^CLI_USAGE: Cannot read none\.yaml: there is no such file\.\n$/,
    ],
    [
      ['export', 'fast/servce', '--as', 'hpa', '--name', 'a'],
      /^CLI_USAGE: Cannot read fast\/servce: there is no such file, nor a preset of this name; did you mean fast\/service\?\n$/,
    ],
    [
      ['export', 'mistyped.yaml', '--as', 'hpa', '--name', 'a'],
      /Cannot scale by mistyped\.yaml: line 2, metrics\.cpuRatoi must be one of .*; did you mean cpuRatio\?\n$/,
    ],
    [
      ['export', 'policy.yaml', '--name', 'a', '--as', 'hpa', '--image', 'shop:1', '--scaler', 'x:1'],
      /^CLI_USAGE: Cannot export: it has 2 problems\.\n {2}--scaler belongs to --as keda\n {2}--image belongs to --as deployment\n$/,
    ],
    [['export', 'policy.yaml', '--as', 'hpa'], /the policy names no workload\. Say --name NAME\.\n$/],
    [['export', 'policy.yaml', '--as', 'hpa', '--name', 'Shop_1'], /got "Shop_1"/],
    [['export', 'policy.yaml', '--name', 'a'], /--as must be one of hpa, keda, pdb, deployment, got nothing/],
    [['export', 'policy.yaml', '--name', 'a', '--as', 'helm'], /got "helm"\.\n$/],
    [['export', 'policy.yaml', '--name', 'a', '--as', 'hap'], /got "hap"; did you mean hpa\?\n$/],
    [
      ['export', 'policy.yaml', '--name', 'a', '--as', 'hap', '--as', 'kedo'],
      /2 problems\.\n {2}--as .* did you mean hpa\?\n {2}--as .* did you mean keda\?\n$/,
    ],
    [
      ['export', 'policy.yaml', '--name', 'a', '--as', 'hpa', '--out', 'none/hpa.yaml'],
      /^CLI_OUTPUT_UNWRITABLE: Cannot write the objects to none\/hpa\.yaml: there is no folder none\.\n$/,
    ],
    [['export', 'policy.yaml', '--name', 'a', '--as', 'deployment'], /Say --image IMAGE/],
    [['export', 'policy.yaml', '--name', 'a', '--as', 'deployment', '--port', '0'], /--port must be/],
    [['export', 'alias.yaml', '--name', 'a', '--as', 'hpa'], /Cannot scale by alias\.yaml.*nobody/s],
    [['export', '--as', 'hpa'], /one file is needed, got 0/],
    [['exprot'], /did you mean export\?/],
    [[], /a word is missing after it/],
  ] as const)('refuses %j', async (args, said) => {
    const { code, out, err } = await scale(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(said);
  });

  it('tells of itself, and of each of its words', async () => {
    expect((await scale('--help')).out).toContain('export POLICY --as KIND');
    expect((await scale('export', '--help')).out).toContain('loadline scale export POLICY --as KIND');
  });
});
