import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkWritable } from '../../src/cli/door/result-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadline-results-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('checkWritable()', () => {
  it('leaves no file behind, which would look like the result of a run that never began', async () => {
    await checkWritable(join(folder, 'report.json'));
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves what is there as it is', async () => {
    const path = join(folder, 'report.json');
    await writeFile(path, 'of yesterday');
    await checkWritable(path);
    expect(await readFile(path, 'utf8')).toBe('of yesterday');
  });

  it('complains of a folder that is not there, and of one in the place of the file', async () => {
    const none = join(folder, 'none');
    await expect(checkWritable(join(none, 'report.json'))).rejects.toMatchObject({
      code: 'CLI_OUTPUT_UNWRITABLE',
      message: `Cannot write the report to ${join(none, 'report.json')}: there is no folder ${none}.`,
    });
    await expect(checkWritable(folder)).rejects.toMatchObject({
      code: 'CLI_OUTPUT_UNWRITABLE',
      message: `Cannot write the report to ${folder}: it is a folder.`,
    });
  });
});
