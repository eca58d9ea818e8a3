/**
 * Holds the packages as they would be published against publint, installs them in an empty folder, and runs
 * the command and the control plane there without a checkout around them. Leaves no `dist` behind.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, publishedPackages, removeBuilt } from './build.ts';
import { tryServing } from './try-serving.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'loadline-packed-'));
// Root's PostgreSQL runs as somebody else, who has to find its programs and its data in there.
chmodSync(folder, 0o755);

try {
  await build();
  for (const each of publishedPackages) {
    execFileSync('publint', ['run', '--strict', each], { cwd: root, stdio: 'inherit' });
  }
  await tryPacked(folder);
} finally {
  removeBuilt();
  rmSync(folder, { recursive: true, force: true });
}

/** What a stranger gets: the packed packages in a project of its own, with no source and no export condition. */
async function tryPacked(project: string): Promise<void> {
  const plain = { cwd: project, encoding: 'utf8' as const, env: { ...process.env, NODE_OPTIONS: '' } };
  const command = join(project, 'node_modules/.bin/loadline');
  writeFileSync(join(project, 'package.json'), '{ "name": "stranger", "private": true, "type": "module" }\n');
  const packed = publishedPackages.map((each) => packInto(project, each));
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', ...packed], plain);
  const help = execFileSync(command, ['--help'], plain);
  if (!help.includes('run FILE')) throw new Error(`The packed command prints no help: ${help}`);
  const imported = `import { parseDuration } from 'loadline/base'; import { createSchedule } from 'loadline/load'; console.log(parseDuration('2s'), typeof createSchedule)`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', imported], plain);
  if (printed.trim() !== '2000 function') throw new Error(`The packed library does not import: ${printed}`);
  await tryServing(command, project);
  process.stdout.write(
    'packages: publint is content; the packed command, library and control plane work outside of a checkout\n',
  );
}

/** @returns the path of the archive. */
function packInto(project: string, each: string): string {
  const words = ['pack', '--silent', '--pack-destination', project, join(root, each)];
  return join(project, execFileSync('npm', words, { encoding: 'utf8' }).trim());
}
