/**
 * Holds the packages as they would be published against publint, installs them in an empty folder, and runs
 * the command there without a checkout around it. Leaves no `dist` behind.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, publishedPackages, removeBuilt } from './build.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'loadline-packed-'));

try {
  build();
  for (const each of publishedPackages) {
    execFileSync('publint', ['run', '--strict', each], { cwd: root, stdio: 'inherit' });
  }
  tryPacked(folder);
} finally {
  removeBuilt();
  rmSync(folder, { recursive: true, force: true });
}

/** What a stranger gets: the packed library in a project of its own, with no source and no export condition. */
function tryPacked(project: string): void {
  writeFileSync(join(project, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }\n');
  const packed = execFileSync(
    'npm',
    ['pack', '--silent', '--pack-destination', project, `${root}packages/loadline`],
    {
      encoding: 'utf8',
    },
  ).trim();
  const plain = { cwd: project, encoding: 'utf8' as const, env: { ...process.env, NODE_OPTIONS: '' } };
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', join(project, packed)], plain);
  const help = execFileSync(join(project, 'node_modules/.bin/loadline'), ['--help'], plain);
  if (!help.includes('run FILE')) throw new Error(`The packed command prints no help: ${help}`);
  const imported = `import { parseDuration } from 'loadline/base'; import { createSchedule } from 'loadline/load'; console.log(parseDuration('2s'), typeof createSchedule)`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', imported], plain);
  if (printed.trim() !== '2000 function') throw new Error(`The packed library does not import: ${printed}`);
  process.stdout.write(
    'packages: publint is content, and the packed command and library work outside of a checkout\n',
  );
}
