import { stringify } from 'yaml';
import type { Exported } from './exported.ts';

/** Objects as one file for `kubectl apply`, each with what it cannot say before it. Pure. */
export function writeManifests(exported: readonly Exported[]): string {
  return exported
    .map(({ object, notes }) => `${notes.map(commentOf).join('')}${stringify(object, { lineWidth: 0 })}`)
    .join('---\n');
}

/** Whatever stands in a note, it stays one. */
function commentOf(note: string): string {
  return `# ${note.replace(/\s+/g, ' ')}\n`;
}
