#!/usr/bin/env node
/**
 * Starts the command on a Node.js that can run it. Plain JavaScript, because this file may be started by an
 * older one: in a checkout the pinned Node.js stands in node_modules, elsewhere the installed one must do.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const oldest = [22, 19];
const home = dirname(dirname(fileURLToPath(import.meta.url)));
// The build's configuration is never published, so it tells a checkout from an installed package.
const isCheckout = existsSync(join(home, 'tsconfig.build.json'));
const entry = isCheckout ? join(home, 'src', 'cli', 'main.ts') : join(home, 'dist', 'cli', 'main.js');
const condition = '--conditions=loadline-source';
const hasCondition = `${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`.includes(condition);

const memoryWords = memoryWordsOf(process.argv[2]);

if (isRecent(process.versions.node) && (!isCheckout || hasCondition)) {
  // The same process goes on with them; a system where none can gets along without.
  if (memoryWords.length > 0 && process.execve !== undefined && process.platform !== 'win32')
    process.execve(process.execPath, [
      process.execPath,
      ...memoryWords,
      ...process.execArgv,
      ...process.argv.slice(1),
    ]);
  // What was compiled at the first start is read at the next ones, from the folder for temporary files.
  if (!isCheckout) module.enableCompileCache();
  await import(pathToFileURL(entry).href);
} else {
  startAgain(isRecent(process.versions.node) ? process.execPath : findNode());
}

/**
 * Where new objects go there is room for 64 MB by itself, all of which a server that is never idle keeps resident. It can only be
 * set before the program begins; whoever has set it already is right.
 */
function memoryWordsOf(command) {
  const given = `${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`;
  return command === 'serve' && !/semi[-_]space/.test(given) ? ['--max-semi-space-size=8'] : [];
}

function isRecent(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

function findNode() {
  for (let folder = home; folder !== dirname(folder); folder = dirname(folder)) {
    const pinned = join(folder, 'node_modules', '.bin', 'node');
    if (existsSync(pinned)) return pinned;
  }
  process.stderr.write(
    `loadline needs Node.js ${oldest.join('.')} or newer; this is ${process.version}. Install a newer one.\n`,
  );
  process.exit(2);
}

function startAgain(node) {
  const words = [...(isCheckout ? [condition] : []), ...memoryWords];
  const child = spawn(node, [...words, entry, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // A terminal sends Ctrl-C to the child as well, a pipeline only to this process: the child takes two for one.
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => child.kill(name));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}
