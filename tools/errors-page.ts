import { globSync } from 'node:fs';

/** Room → code → what it means and what to do. */
export type ErrorTables = ReadonlyMap<string, Readonly<Record<string, { means: string; remedy: string }>>>;

const root = new URL('..', import.meta.url);

/** Every `…ErrorTable` that a workspace's errors.ts exports, by the name of its room. */
export async function readErrorTables(): Promise<ErrorTables> {
  const paths = globSync('{packages,apps,examples}/*/src/**/errors.ts', { cwd: root }).toSorted();
  const tables = new Map<string, Record<string, { means: string; remedy: string }>>();
  for (const path of paths) {
    const exported = (await import(new URL(path, root).href)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exported)) {
      if (!name.endsWith('ErrorTable')) continue;
      tables.set(roomOf(path), value as Record<string, { means: string; remedy: string }>);
    }
  }
  return tables;
}

/** docs/reference/errors.md. Pure. */
export function writeErrorsPage(tables: ErrorTables): string {
  const parts = [...tables].map(([room, table]) => {
    const rows = Object.entries(table).map(
      ([code, { means, remedy }]) => `| \`${code}\` | ${means} | ${remedy} |`,
    );
    return [
      `## ${room}`,
      '',
      '| code | what has happened | what to do |',
      '| --- | --- | --- |',
      ...rows,
    ].join('\n');
  });
  return `${[heading, ...parts].join('\n\n')}\n`;
}

const heading = `# Errors

Every failure that Loadline expects has a code that stays the same from version to version. The message
says what was attempted, what was found and what to do; \`error.facts\` holds what was found, for programs.
This page is written from the rooms' error tables by \`npm run docs\`.`;

/** \`packages/loadline/src/load/errors.ts\` → \`load\`; elsewhere the workspace's name. */
function roomOf(path: string): string {
  const parts = path.split('/');
  return parts[1] === 'loadline' ? (parts[3] as string) : (parts[1] as string);
}
