/**
 * Makes a checkout ready for a purpose: `node tools/set-up.js demo | test | bench`.
 *
 * Plain JavaScript without dependencies, because the host may have nothing but an old Node.js (from 20)
 * and npm. It runs before `npm run demo`, `npm test`, `npm run check` and `npm run bench`; where all is in
 * place it takes a few milliseconds and says nothing. `npm ci` and `npm install` end with `node tools/set-up.js installed`, so that
 * what they have installed is not installed once more.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const oldestNode = 20;

/**
 * What runs outside npm. `commands`: any of them on the PATH will do. `packages`: what to install for it,
 * by package manager.
 */
const servers = {
  valkey: {
    name: 'Valkey or Redis',
    commands: ['valkey-server', 'redis-server'],
    packages: {
      'apt-get': 'redis-server',
      dnf: 'valkey',
      apk: 'valkey',
      pacman: 'valkey',
      brew: 'valkey',
    },
  },
  promtool: {
    name: 'Prometheus with its promtool, which check our metrics',
    commands: ['promtool'],
    packages: {
      'apt-get': 'prometheus',
      dnf: 'golang-github-prometheus',
      apk: 'prometheus',
      pacman: 'prometheus',
      brew: 'prometheus',
    },
  },
  alertmanager: {
    name: 'Alertmanager, which alerts are sent to',
    commands: ['prometheus-alertmanager', 'alertmanager'],
    packages: {
      'apt-get': 'prometheus-alertmanager',
      dnf: 'golang-github-prometheus-alertmanager',
      apk: 'alertmanager',
      pacman: 'alertmanager',
      brew: 'alertmanager',
    },
  },
  nginx: {
    name: 'nginx, a target of load, and a proxy in front of services',
    commands: ['nginx'],
    packages: { 'apt-get': 'nginx', dnf: 'nginx', apk: 'nginx', pacman: 'nginx', brew: 'nginx' },
  },
  haproxy: {
    name: 'HAProxy, a proxy in front of services',
    commands: ['haproxy'],
    packages: { 'apt-get': 'haproxy', dnf: 'haproxy', apk: 'haproxy', pacman: 'haproxy', brew: 'haproxy' },
  },
  wrk: {
    name: 'wrk, which load benchmarks compare with',
    commands: ['wrk'],
    packages: { 'apt-get': 'wrk', dnf: 'wrk', apk: 'wrk', pacman: 'wrk', brew: 'wrk' },
  },
  chromium: {
    name: 'Chromium, in which the pages are looked at',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    packages: {
      'apt-get': 'chromium fonts-dejavu-core',
      dnf: 'chromium',
      apk: 'chromium font-dejavu',
      pacman: 'chromium',
      brew: 'chromium',
    },
  },
};

const needs = {
  demo: ['valkey'],
  test: ['valkey', 'promtool', 'alertmanager', 'nginx', 'haproxy', 'chromium'],
  bench: ['valkey', 'nginx', 'wrk', 'haproxy'],
};

/** How each package manager is told to install without asking. */
const managers = {
  'apt-get': ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=400'],
  dnf: ['install', '-y'],
  apk: ['add'],
  pacman: ['-S', '--noconfirm', '--needed'],
  brew: ['install'],
};

const [purpose = 'demo'] = process.argv.slice(2);
if (purpose === 'installed') markInstalled();
else setUp(purpose);

/** @param {string} purpose */
function setUp(purpose) {
  const wanted = needs[purpose];
  if (wanted === undefined) {
    fail(`Cannot set up for "${purpose}": known are ${Object.keys(needs).join(', ')}.`);
  }
  if (Number.parseInt(process.versions.node, 10) < oldestNode) {
    fail(
      `Loadline's set-up needs Node.js ${oldestNode} or newer, this is ${process.version}: install a newer one.`,
    );
  }
  installPackages();
  checkPinnedNode();
  for (const name of wanted) installServer(servers[name]);
}

/** `npm ci`, unless node_modules holds a mark of just this lock file. */
function installPackages() {
  const mark = markOfInstalled();
  if (existsSync(mark) && readFileSync(mark, 'utf8') === hashOfLock()) return;
  step('npm packages, with the pinned Node.js and PostgreSQL (once; about 350 MB on the disk)', () => {
    const npm = process.env.npm_execpath;
    const [command, args] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
    run(command, [...args, 'ci', '--loglevel=error', '--no-progress'], {
      remedy:
        'Check the network and the registry of your npm (npm config get registry), then repeat the command.',
    });
  });
  markInstalled();
}

function markInstalled() {
  writeFileSync(markOfInstalled(), hashOfLock());
}

function markOfInstalled() {
  return join(root, 'node_modules', '.loadline-set-up');
}

function hashOfLock() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).digest('hex');
}

/** Without this check the host's Node.js would run everything, silently. */
function checkPinnedNode() {
  const pinned = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node;
  const binary = join(root, 'node_modules', '.bin', 'node');
  const found = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (found.stdout?.trim() === `v${pinned}`) return;
  fail(
    `The pinned Node.js ${pinned} is not in node_modules (found ${found.stdout?.trim() || 'none'}).\n` +
      'Its install script may have been refused: run `npm rebuild node`, or remove node_modules and repeat the command.',
  );
}

function installServer(server) {
  if (server.commands.some(isOnPath)) return;
  const manager = Object.keys(managers).find(isOnPath);
  const asRoot = manager === undefined ? undefined : rightToInstall(manager);
  if (manager === undefined || asRoot === undefined) fail(howToInstall(server, manager));
  step(`${server.name} (${server.packages[manager]}, by ${manager})`, () => {
    const install = () =>
      tryRun([...asRoot, manager, ...managers[manager], ...server.packages[manager].split(' ')]);
    // A bare machine has no package lists yet; a machine that has them need not wait for new ones.
    if (install() || (manager === 'apt-get' && tryRun([...asRoot, manager, 'update']) && install())) return;
    fail(howToInstall(server, manager));
  });
  if (!server.commands.some(isOnPath)) fail(howToInstall(server, manager));
}

/** The words before the package manager's own: none for root, or where it needs no root; else sudo, if it does not ask. */
function rightToInstall(manager) {
  if (manager === 'brew' || process.getuid?.() === 0) return [];
  const canSudo = isOnPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  // Sudo drops the environment that tryRun sets; env sets it again.
  return canSudo ? ['sudo', '-n', 'env', 'DEBIAN_FRONTEND=noninteractive', 'SYSTEMD_OFFLINE=1'] : undefined;
}

function howToInstall(server, manager) {
  const ways = Object.entries(server.packages).map(([name, packageName]) => {
    const needsRoot = name !== 'brew';
    return `  ${needsRoot ? 'sudo ' : ''}${name} ${managers[name].filter((word) => !word.startsWith('-o') && !word.includes('=')).join(' ')} ${packageName}`;
  });
  const reason =
    manager === undefined
      ? 'no package manager that this set-up knows is on the PATH'
      : `${manager} could not install it, or this user may not`;
  return (
    `${server.name} is missing: looked for ${server.commands.join(' or ')} on the PATH, and ${reason}.\n` +
    `Install it by one of these, then repeat the command:\n${ways.join('\n')}`
  );
}

function isOnPath(command) {
  // Debian keeps servers where only root looks.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, command)));
}

function step(what, work) {
  const started = Date.now();
  process.stderr.write(`set-up: ${what} …\n`);
  work();
  process.stderr.write(`set-up: done in ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
}

function run(command, args, { remedy }) {
  try {
    execFileSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  } catch (error) {
    fail(`\`${['npm', ...args.slice(-3)].join(' ')}\` failed (${error.message.split('\n')[0]}).\n${remedy}`);
  }
}

/** Quiet when it goes well; shows what the tool said when it does not. */
function tryRun([command, ...args]) {
  const done = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    // Offline, systemctl ignores the wish of a package to start its service at once: we start our own.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', SYSTEMD_OFFLINE: '1' },
  });
  if (done.status === 0) return true;
  process.stderr.write(`${done.stderr ?? ''}`.split('\n').slice(-4).join('\n'));
  return false;
}

function fail(message) {
  process.stderr.write(`\nset-up: ${message}\n`);
  process.exit(1);
}
