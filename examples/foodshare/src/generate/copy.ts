import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { GeneratedTable } from './tables.ts';

/** How much text goes out at once. Larger pieces gain nothing; single rows cost twice the time. */
const chunkChars = 64 * 1024;

/**
 * Fills a table with COPY, in a transaction of its own. Where the table isn't partitioned the rows arrive
 * frozen: all-visible at once, so that index-only scans work before the first vacuum.
 *
 * @param onRows called with the number of rows that each piece of text held.
 */
export async function copyTable(
  client: Client,
  table: GeneratedTable,
  onRows: (rows: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const isPartitioned = table.name === 'reputation_events';
  await client.query('BEGIN');
  // FREEZE is only allowed into a table that this transaction made or emptied.
  await client.query(`TRUNCATE ${table.name}`);
  const copy = copyFrom(
    `COPY ${table.name} (${table.columns.join(', ')}) FROM STDIN${isPartitioned ? '' : ' (FREEZE)'}`,
  );
  const source = Readable.from(chunks(table.rows(), onRows), { objectMode: false, highWaterMark: 1 });
  await pipeline(source, client.query(copy), signal === undefined ? {} : { signal });
  await client.query('COMMIT');
}

function* chunks(rows: Iterable<string>, onRows: (rows: number) => void): Generator<Buffer> {
  let text = '';
  let count = 0;
  for (const row of rows) {
    text += row;
    count++;
    if (text.length < chunkChars) continue;
    yield Buffer.from(text);
    onRows(count);
    text = '';
    count = 0;
  }
  if (count > 0) yield Buffer.from(text);
  onRows(count);
}
