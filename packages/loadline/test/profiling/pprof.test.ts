import { gunzipSync } from 'node:zlib';
import { encodePprof, type Profile, type ProfileSession } from 'loadline/profiling';
import { Profile as Published } from 'pprof-format';
import { describe, expect, it } from 'vitest';
import { cpuProfile, heapProfile, session } from './profiles.ts';

/** What somebody else's reader makes of our bytes: stacks from the innermost out, with their values. */
function read(profile: Profile, of: ProfileSession) {
  const decoded = Published.decode(gunzipSync(encodePprof(profile, of)));
  const text = (at: number | bigint): string => decoded.stringTable.strings[Number(at)] as string;
  const functions = new Map(decoded.function.map((each) => [Number(each.id), each]));
  const places = new Map(decoded.location.map((each) => [Number(each.id), each]));
  const stacks = decoded.sample.map(({ locationId, value }) => [
    locationId
      .map((id) => text(functions.get(Number(places.get(Number(id))?.line[0]?.functionId))?.name ?? 0))
      .join(' < '),
    ...value.map(Number),
  ]);
  return { decoded, text, stacks };
}

describe('encodePprof()', () => {
  it('is read by another reader as the same stacks, in samples and nanoseconds', () => {
    const profile = cpuProfile({ main: { parse: {} }, '(idle)': {} }, [
      'main/parse',
      'main/parse',
      'main',
      '(idle)',
    ]);
    const { decoded, text, stacks } = read(profile, session({ measuredMs: 1234.5 }));
    expect(stacks.toSorted()).toEqual([
      ['main', 1, 1_000_000],
      ['parse < main', 2, 2_000_000],
    ]);
    expect(decoded.sampleType.map(({ type, unit }) => [text(type), text(unit)])).toEqual([
      ['samples', 'count'],
      ['cpu', 'nanoseconds'],
    ]);
    expect(BigInt(decoded.timeNanos)).toBe(BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n);
    expect(Number(decoded.durationNanos)).toBe(1_234_500_000);
    expect([text(decoded.periodType?.type ?? 0), Number(decoded.period)]).toEqual(['cpu', 1_000_000]);
  });

  it('names file and line of a function', () => {
    const { decoded, text } = read(cpuProfile({ größe: {} }, ['größe']), session());
    expect(
      decoded.function.map(({ name, filename, startLine }) => [
        text(name),
        text(filename),
        Number(startLine),
      ]),
    ).toEqual([['größe', 'file:///shop/größe.js', 1]]);
    expect(decoded.location.map(({ line }) => Number(line[0]?.line))).toEqual([1]);
  });

  it('has bytes in use for a heap profile', () => {
    const { decoded, text, stacks } = read(heapProfile({ keep: 5000 }), session({ kind: 'heap' }));
    expect(stacks).toEqual([['keep', 5000]]);
    expect(decoded.sampleType.map(({ type, unit }) => [text(type), text(unit)])).toEqual([
      ['inuse_space', 'bytes'],
    ]);
    expect(Number(decoded.period)).toBe(131_072);
  });
});
