/**
 * Writes what the docs show of the code: ARCHITECTURE.md's picture and docs/reference/errors.md.
 * `npm run docs`; tests hold both against the code, so a forgotten run is noticed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { storeys } from '../packages/loadline/test/floors.ts';
import { readErrorTables, writeErrorsPage } from './errors-page.ts';
import { drawPicture, withPicture } from './picture.ts';

const root = new URL('..', import.meta.url);
const architecture = new URL('ARCHITECTURE.md', root);
writeFileSync(architecture, withPicture(readFileSync(architecture, 'utf8'), drawPicture(storeys)));
writeFileSync(new URL('docs/reference/errors.md', root), writeErrorsPage(await readErrorTables()));
