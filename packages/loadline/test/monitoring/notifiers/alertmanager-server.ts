import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** A real Alertmanager on a free port of loopback, alone, which tells a webhook at once. */
export interface AlertmanagerServer extends AsyncDisposable {
  readonly url: string;
  alerts(): Promise<readonly KnownAlert[]>;
}

export interface KnownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly status: { readonly state: string };
}

/** @param webhookUrl where it sends what it has grouped by alertname. */
export async function startAlertmanager(webhookUrl: string): Promise<AlertmanagerServer> {
  const folder = await mkdtemp(join(tmpdir(), 'loadline-alertmanager-'));
  const config = {
    route: {
      receiver: 'test',
      group_by: ['alertname'],
      group_wait: '0s',
      group_interval: '100ms',
      repeat_interval: '1h',
    },
    receivers: [{ name: 'test', webhook_configs: [{ url: webhookUrl, send_resolved: true }] }],
  };
  // JSON is YAML.
  await writeFile(join(folder, 'alertmanager.yml'), JSON.stringify(config));
  const child = spawn(
    commandOnPath(),
    [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--cluster.listen-address=',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let address: string | undefined;
  const said: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    said.push(line);
    address = /msg="?Listening(?: on)?"? address=(\S+)/.exec(line)?.[1];
    if (address !== undefined) break;
  }
  if (address === undefined) throw new Error(`Alertmanager did not start:\n${said.join('\n')}`);
  child.stderr.resume();
  const url = `http://${address}`;
  return {
    url,
    async alerts() {
      const response = await fetch(`${url}/api/v2/alerts`);
      return (await response.json()) as KnownAlert[];
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      // What it has stored goes with the folder, so nothing is lost by not asking politely.
      if (child.exitCode === null && child.kill('SIGKILL')) await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Debian calls it otherwise than everybody else. */
function commandOnPath(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const isThere = folders.some((folder) => existsSync(join(folder, 'prometheus-alertmanager')));
  return isThere ? 'prometheus-alertmanager' : 'alertmanager';
}
