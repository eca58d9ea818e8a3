import { createVirtualClock } from 'loadline/base';
import type { FromWorker, ToWorker } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { Recorder } from '../../../src/load/measure/recorder.ts';
import { heedSilence } from '../../../src/load/workers/heed-silence.ts';
import { createLinkEnd } from '../../../src/load/workers/link-end.ts';

function heeded() {
  const clock = createVirtualClock();
  const end = createLinkEnd<FromWorker, ToWorker>('conductor', {
    send: () => undefined,
    close: () => undefined,
  });
  const link = heedSilence(end.link, clock);
  const lost: string[] = [];
  link.receive(() => undefined);
  link.onLost((because) => lost.push(because));
  return { clock, end, link, lost };
}

const start = (job: number): ToWorker => ({ kind: 'start', job, startMs: 0, skippedMs: 0 });
const ping: ToWorker = { kind: 'ping', sentMs: 0 };
const done = (job: number): FromWorker => ({
  kind: 'done',
  job,
  part: new Recorder().take(),
  activeMs: 0,
  samples: [],
});

describe('a worker whose conductor falls silent', () => {
  it('takes it for lost within two seconds while it makes load', async () => {
    const { clock, end, lost } = heeded();
    end.deliver(start(0));
    for (let second = 0; second < 20; second++) {
      await clock.advance(1000);
      end.deliver(ping);
    }
    expect(lost).toEqual([]);
    await clock.advance(2000);
    expect(lost).toEqual(['it was silent for 1700 ms']);
  });

  it('waits for it as long as need be before the load and after it', async () => {
    const { clock, end, link, lost } = heeded();
    end.deliver({ kind: 'prepare', job: 0, share: { index: 0, count: 1 } });
    await clock.advance(60_000);
    end.deliver(start(0));
    end.deliver(start(1));
    await clock.advance(1000);
    link.send(done(0));
    end.deliver(ping);
    await clock.advance(1000);
    link.send(done(1));
    await clock.advance(60_000);
    expect(lost).toEqual([]);
  });

  it('still hears of a link that breaks', () => {
    const { end, lost } = heeded();
    end.lose('its channel was closed');
    expect(lost).toEqual(['its channel was closed']);
  });
});
