// Runs two instances by a driver that writes them down, and is killed when they are ready. Folder and command follow.
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from 'loadline/base';
import { createProcessDriver } from 'loadline/scaling';

const [folder, script] = process.argv.slice(2);
const { signal } = new AbortController();
const services = { api: { command: process.execPath, args: [script], environment: {} } };
const driver = createProcessDriver({ clock: systemClock, services, folder });
await driver.apply('api', 2, signal);
while ((await driver.observe('api', signal)).ready < 2) await pause(10);
process.kill(process.pid, 'SIGKILL');
