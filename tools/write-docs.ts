/**
 * Writes what the docs show of the code: the picture in ARCHITECTURE.md and README.md, and docs/reference/errors.md.
 * `npm run docs`; tests hold both against the code, so a forgotten run is noticed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { storeys } from '../packages/loadline/test/floors.ts';
import { readErrorTables, writeErrorsPage } from './errors-page.ts';
import { drawPicture, withPicture } from './picture.ts';

const root = new URL('..', import.meta.url);
for (const name of ['ARCHITECTURE.md', 'README.md']) {
  const page = new URL(name, root);
  writeFileSync(page, withPicture(readFileSync(page, 'utf8'), drawPicture(storeys)));
}
writeFileSync(new URL('docs/reference/errors.md', root), writeErrorsPage(await readErrorTables()));
