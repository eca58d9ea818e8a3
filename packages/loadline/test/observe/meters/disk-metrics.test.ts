import { createVirtualClock } from 'loadline/base';
import { createRegistry, type Registry } from 'loadline/metrics';
import { type DiskSpace, observeDisk } from 'loadline/observe';
import { describe, expect, it } from 'vitest';

/** Size and what is left, as somebody who looks sees them. */
function seen(registry: Registry): (number | undefined)[] {
  const snapshot = registry.snapshot();
  return ['process_disk_size_bytes', 'process_disk_available_bytes'].map((name) => {
    const family = snapshot.find((each) => each.name === name);
    return family?.kind === 'gauge' ? family.series[0]?.value : undefined;
  });
}

const space = (availableBytes: number): DiskSpace => ({ sizeBytes: 100, availableBytes });

describe('observeDisk()', () => {
  it('tells of the file system of this process', () => {
    const registry = createRegistry();
    observeDisk(registry);
    const [size = 0, available = 0] = seen(registry);
    expect(size).toBeGreaterThan(0);
    expect(available).toBeLessThanOrEqual(size);
  });

  it('asks again when somebody looks after ten seconds, who sees what it was before', async () => {
    const clock = createVirtualClock();
    const registry = createRegistry();
    let asked = 0;
    const readAside = async (): Promise<DiskSpace> => space(60 - asked++);
    observeDisk(registry, { clock, readNow: () => space(70), readAside });
    await clock.advance(9999);
    expect([seen(registry), asked]).toEqual([[100, 70], 0]);
    await clock.advance(1);
    expect([seen(registry), asked]).toEqual([[100, 70], 1]);
    await clock.advance(1);
    expect([seen(registry), asked]).toEqual([[100, 60], 1]);
  });

  it('lets nobody wait for a file system that does not answer, and asks it no second time meanwhile', async () => {
    const clock = createVirtualClock();
    const registry = createRegistry();
    let asked = 0;
    const readAside = (): Promise<DiskSpace> => {
      asked++;
      return new Promise(() => undefined);
    };
    observeDisk(registry, { clock, readNow: () => space(70), readAside });
    for (let look = 0; look < 3; look++) {
      await clock.advance(60_000);
      expect(seen(registry)).toEqual([100, 70]);
    }
    expect(asked).toBe(1);
  });

  it('keeps what it knew where it is not told, and asks again', async () => {
    const clock = createVirtualClock();
    const registry = createRegistry();
    let asked = 0;
    const readAside = async (): Promise<DiskSpace> => {
      if (asked++ === 0) throw new Error('stale file handle');
      return space(60);
    };
    observeDisk(registry, { clock, readNow: () => space(70), readAside });
    for (let look = 0; look < 2; look++) {
      await clock.advance(10_000);
      expect(seen(registry)).toEqual([100, 70]);
    }
    await clock.advance(1);
    expect([seen(registry), asked]).toEqual([[100, 60], 2]);
  });

  it('adds nothing where there is no such folder', () => {
    const registry = createRegistry();
    observeDisk(registry, { folder: '/nowhere/at/all' });
    expect(seen(registry)).toEqual([undefined, undefined]);
  });
});
