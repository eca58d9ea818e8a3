import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { type FlagChange, type FlagSource, gateOf, openFileFlags } from 'loadline/scaling/flags';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
let path: string;
let clock: VirtualClock;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadline-flags-'));
  path = join(folder, 'flags.yaml');
  clock = createVirtualClock();
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Reading a file takes real time, of which the clock knows nothing. */
async function lookAgain(source: FlagSource): Promise<FlagChange[]> {
  const heard: FlagChange[] = [];
  const unhear = source.onChange((change) => heard.push(change));
  await clock.advance(2000);
  await expect.poll(() => clock.pending).toBe(1);
  unhear();
  return heard;
}

describe('openFileFlags()', () => {
  it('reads YAML and JSON', async () => {
    await writeFile(path, 'flags:\n  forecast: true\n  checkout: { serve: { on: 100 } }\n');
    await using yaml = await openFileFlags({ clock, path });
    expect([...yaml.flags.keys()]).toEqual(['forecast', 'checkout']);
    await writeFile(path, '{"flags":{"limit":3}}');
    await using json = await openFileFlags({ clock: createVirtualClock(), path });
    expect([...json.flags.keys()]).toEqual(['limit']);
  });

  it('takes up a change, tells which flags it is about, and asks nothing of who does not want to hear', async () => {
    await writeFile(path, 'flags: { a: true, b: 1, c: x }');
    await using source = await openFileFlags({ clock, path });
    const gate = gateOf(source);
    expect(gate('a', {})).toBe(true);
    await writeFile(path, 'flags: { a: false, b: 1, d: y }');
    expect(await lookAgain(source)).toEqual([{ kind: 'changed', names: ['a', 'c', 'd'] }]);
    expect(gate('a', {})).toBe(false);
    expect(await lookAgain(source)).toEqual([]);
  });

  it('keeps what was good last, and tells every problem, once', async () => {
    await writeFile(path, 'flags: { a: true }');
    await using source = await openFileFlags({ clock, path });
    await writeFile(path, 'flags:\n  a: { serve: maybe }\n  b: { serve: { on: 1 } }\n');
    const [change, ...further] = await lookAgain(source);
    expect(change).toMatchObject({ kind: 'stale' });
    expect(change?.kind === 'stale' && change.because).toMatch(
      /^line 2, flags\.a\.serve must be one of .*; line 3, flags\.b\.serve must be 100 percent/,
    );
    expect(further).toEqual([]);
    expect(gateOf(source)('a', {})).toBe(true);
    expect(await lookAgain(source)).toEqual([]);
    expect(source.status).toMatchObject({ kind: 'stale' });
    await writeFile(path, 'flags: { a: true }');
    expect(await lookAgain(source)).toEqual([{ kind: 'current' }]);
  });

  it.each([
    ['is gone', async () => rm(path)],
    ['is no YAML', async () => writeFile(path, 'flags: { a: [')],
    ['is too large', async () => writeFile(path, `# ${'x'.repeat(1024 * 1024)}`)],
    ['unfolds without end', async () => writeFile(path, bomb)],
  ])('goes on when the file %s', async (_, spoil) => {
    await writeFile(path, 'flags: { a: true }');
    await using source = await openFileFlags({ clock, path });
    await spoil();
    expect(await lookAgain(source)).toMatchObject([{ kind: 'stale' }]);
    expect(gateOf(source)('a', {})).toBe(true);
  });

  it('begins with nothing that it cannot read', async () => {
    await expect(openFileFlags({ clock, path })).rejects.toMatchObject({ code: 'SCALING_FLAGS_INVALID' });
    await writeFile(path, 'flags: { a: { serve: maybe } }');
    await expect(openFileFlags({ clock, path })).rejects.toThrow('flags.a.serve must be one of on, off');
    expect(clock.pending).toBe(0);
  });

  it('ends when it is closed', async () => {
    await writeFile(path, 'flags: {}');
    const source = await openFileFlags({ clock, path });
    await source.close();
    expect(clock.pending).toBe(0);
  });
});

const bomb = `a: &a [x,x,x,x,x,x,x,x,x]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]
flags: [*d,*d,*d,*d,*d,*d,*d,*d,*d]
`;

describe('gateOf()', () => {
  const opened = async (text: string): Promise<FlagSource> => {
    await writeFile(path, text);
    return openFileFlags({ clock, path });
  };

  it('is open only where somebody has said so', async () => {
    await using source = await opened(
      'flags: { a: true, text: x, off: { enabled: false, serve: on }, share: { serve: { on: 100 } } }',
    );
    const gate = gateOf(source);
    expect(['a', 'text', 'off', 'share', 'absent'].map((name) => gate(name, {}))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    expect(gate('share', { targetingKey: 'api' })).toBe(true);
  });

  it('is as it was asked to be where nobody has said anything', async () => {
    await using source = await opened('flags: { a: false }');
    expect(['a', 'absent'].map((name) => gateOf(source, true)(name, {}))).toEqual([false, true]);
  });
});
