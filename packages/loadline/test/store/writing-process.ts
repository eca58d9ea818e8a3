/** Writes samples until it is killed, and tells of each batch once it is acknowledged: `node writing-process.ts URL NAME`. */
import { writeSync } from 'node:fs';
import { systemClock } from 'loadline/base';
import { createPostgres } from 'loadline/postgres';
import { openStore } from 'loadline/store';
import { sampleAt, seriesNamed } from './opened-store.ts';

const [url, name] = process.argv.slice(2) as [string, string];
const postgres = createPostgres({ url });
const store = await openStore(postgres, { clock: systemClock });
const series = seriesNamed(name);

/** Several writers at once, so that some batch is always on its way. */
async function writeForEver(): Promise<void> {
  for (;;) {
    const nowMs = systemClock.now();
    const receipt = await store.metrics.write(
      [0, 1, 2, 3, 4].map((each) => sampleAt(series, nowMs - each * 20_000, each)),
    );
    // Synchronous: what the parent has read was acknowledged before the kill.
    writeSync(1, `${receipt.state} ${receipt.accepted}\n`);
  }
}
await Promise.all([writeForEver(), writeForEver(), writeForEver()]);
