import { closeSync, mkdtempSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OutputFile } from '../../../src/scaling/drivers/output-file.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loadline-output-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A process that writes this and ends. */
function run(output: OutputFile, text: string): void {
  const file = output.open();
  writeSync(file, text);
  closeSync(file);
}

describe('what processes write one after the other', () => {
  it('is all there, and the latest is told apart', () => {
    const output = new OutputFile(join(folder, 'api-1.log'));
    expect([output.lines, output.latestLines]).toEqual([[], []]);
    run(output, 'no room\n');
    run(output, '');
    expect([output.lines, output.latestLines]).toEqual([['no room'], []]);
    run(output, 'no light\n');
    expect([output.lines, output.latestLines]).toEqual([['no room', 'no light'], ['no light']]);
  });

  it('is also told apart where the file was emptied meanwhile', () => {
    const output = new OutputFile(join(folder, 'api-1.log'));
    run(output, 'a long line\n');
    const file = output.open();
    truncateSync(output.path);
    writeSync(file, 'no room\n');
    closeSync(file);
    expect(output.latestLines).toEqual(['no room']);
  });
});
