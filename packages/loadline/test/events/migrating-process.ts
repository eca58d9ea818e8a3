/** Brings the tables of events and of the store up to date, and ends: `node migrating-process.ts URL`. */
import { systemClock } from 'loadline/base';
import { keepEventTables } from 'loadline/events';
import { createPostgres } from 'loadline/postgres';
import { openStore } from 'loadline/store';

const [url] = process.argv.slice(2) as [string];
await using postgres = createPostgres({ url });
const [store] = await Promise.all([
  openStore(postgres, { clock: systemClock }),
  keepEventTables(postgres, { clock: systemClock }),
]);
await store.close();
