import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** A real Prometheus on a free port of loopback, with its remote-write receiver open and nothing stored before. */
export interface PrometheusServer extends AsyncDisposable {
  readonly url: string;
  /** The instant query, as series → value: `up{job="a"}` with its labels in order. */
  query(expression: string, atMs?: number): Promise<Map<string, number>>;
  /** All raw values of one series within the last so many minutes, by their times. */
  raw(selector: string, minutes: number): Promise<readonly (readonly [atMs: number, value: number])[]>;
}

export interface PrometheusOptions {
  /** Key with which it scrapes. */
  readonly scrapeKey?: string;
  /** Its `remote_write`, as in its configuration. */
  readonly remoteWrite?: readonly object[];
}

/** @param scrapes the targets that it scrapes five times a second, by job. */
export async function startPrometheus(
  scrapes: Readonly<Record<string, string>> = {},
  { scrapeKey, remoteWrite = [] }: PrometheusOptions = {},
): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), 'loadline-prometheus-'));
  const config = {
    global: { scrape_interval: '200ms', scrape_timeout: '200ms' },
    scrape_configs: Object.entries(scrapes).map(([job_name, target]) => ({
      job_name,
      static_configs: [{ targets: [target] }],
      ...(scrapeKey === undefined ? {} : { authorization: { credentials: scrapeKey } }),
    })),
    remote_write: remoteWrite,
  };
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      '--web.enable-remote-write-receiver',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const url = await addressOnceReady(child.stderr);
  return {
    url,
    query: (expression, atMs) => query(url, expression, atMs),
    raw: (selector, minutes) => raw(url, `${selector}[${minutes}m]`),
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      // What it has stored goes with the folder, so nothing is lost by not asking politely.
      if (child.exitCode === null && child.kill('SIGKILL')) await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** It tells that it is ready and where it listens from two threads, in either order. */
async function addressOnceReady(log: Readable): Promise<string> {
  const told: string[] = [];
  let address: string | undefined;
  let isReady = false;
  for await (const line of createInterface(log)) {
    told.push(line);
    address ??= /msg="Listening on" address=(\S+)/.exec(line)?.[1];
    isReady ||= line.includes('Server is ready');
    if (isReady && address !== undefined) break;
  }
  if (!isReady || address === undefined)
    throw new Error(`Prometheus ended before it was ready:\n${told.join('\n')}`);
  log.resume();
  return `http://${address}`;
}

async function query(url: string, expression: string, atMs?: number): Promise<Map<string, number>> {
  const parameters = new URLSearchParams({ query: expression });
  if (atMs !== undefined) parameters.set('time', (atMs / 1000).toFixed(3));
  const response = await fetch(`${url}/api/v1/query?${parameters}`);
  const answer = (await response.json()) as QueryAnswer;
  if (answer.status !== 'success')
    throw new Error(`Prometheus could not answer ${expression}: ${answer.error}`);
  return new Map(answer.data.result.map(({ metric, value }) => [seriesName(metric), Number(value[1])]));
}

async function raw(url: string, range: string): Promise<(readonly [number, number])[]> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: range })}`);
  const { data } = (await response.json()) as {
    data: { result: readonly { values: readonly (readonly [number, string])[] }[] };
  };
  if (data.result.length > 1) throw new Error(`${range} is more than one series.`);
  return (data.result[0]?.values ?? []).map(([atS, value]) => [Math.round(atS * 1000), Number(value)]);
}

interface QueryAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly result: readonly { metric: Record<string, string>; value: readonly [number, string] }[];
  };
}

function seriesName({ __name__ = '', ...labels }: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `${__name__}{${pairs.join(',')}}`;
}
