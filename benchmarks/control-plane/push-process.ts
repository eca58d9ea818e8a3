/** Writes 2,000 samples ten times a second, as Prometheus sends them: each of 100,000 series every five seconds. */
import { Agent, request } from 'node:http';
import { encodeMessage } from 'loadline/base';
import { compress } from 'snappyjs';
import {
  encodeWriteRequest,
  type Sample,
} from '../../packages/loadline/src/metrics/exporters/remote-write-message.ts';
import { serviceCount, serviceName } from './fleet.ts';
import type { Pushed } from './push.ts';

const instances = 200;
const seriesOfInstance = 500;
const samplesOfRequest = 2000;
const everyMs = 100;
const underWayMax = 5;

const label = { name: [1, 'string'], value: [2, 'string'] } as const;
const labelled = { labels: [1, label, 'repeated'] } as const;

const [url = ''] = process.argv.slice(2);
const headers = {
  authorization: `Bearer ${process.env.KEY}`,
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};
const agent = new Agent({ keepAlive: true, maxSockets: underWayMax });
const labels = Array.from({ length: instances * seriesOfInstance }, (_, number) => labelsOf(number));
const pushed = { committed: 0, waiting: 0, refused: 0, late: 0, lastRefusal: '' } satisfies Pushed;
let next = 0;
let round = 0;
let underWay = 0;

setInterval(() => {
  if (underWay >= underWayMax) pushed.late++;
  else void push(take());
}, everyMs);
process.on('message', () => process.send?.(pushed));
process.once('disconnect', () => process.exit());

/** In the order of their instances, as scrapes come one after the other. */
function take(): Sample[] {
  const from = next;
  next = (next + samplesOfRequest) % labels.length;
  if (next === 0) round++;
  return labels
    .slice(from, from + samplesOfRequest)
    .map((own, at) => ({ labels: own, value: shownBy(from + at) }));
}

/** Half of them are counters. */
function shownBy(number: number): number {
  return number % 2 === 0 ? round * ((number % 50) + 1) : ((number * 7919 + round * 104_729) % 10_000) / 8;
}

function labelsOf(number: number): Uint8Array {
  const instance = Math.floor(number / seriesOfInstance);
  const own = number % seriesOfInstance;
  const all = {
    __name__:
      own % 2 === 0 ? `shop_events_${Math.floor(own / 20)}_total` : `shop_items_${Math.floor(own / 20)}`,
    instance: `10.0.${Math.floor(instance / 100)}.${instance % 100}:9100`,
    job: serviceName(instance % serviceCount),
    queue: `queue-${own % 20}`,
  };
  return encodeMessage(labelled, {
    labels: Object.entries(all).map(([name, value]) => ({ name, value })),
  });
}

function push(samples: readonly Sample[]): Promise<void> {
  const body = compress(encodeWriteRequest(samples, Date.now()));
  underWay++;
  return new Promise((resolve) => {
    const refused = (because: string): void => {
      pushed.refused++;
      pushed.lastRefusal = because;
    };
    const sent = request(
      `${url}/performance/metrics/remote-write`,
      { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } },
      async (response) => {
        const text = (await response.setEncoding('utf8').toArray()).join('');
        if (response.statusCode === 200) pushed.committed += samples.length;
        else if (response.statusCode === 202) pushed.waiting += samples.length;
        else refused(`${response.statusCode} ${text.slice(0, 300)}`);
      },
    );
    sent.once('error', (error) => refused(error.message));
    sent.once('close', () => {
      underWay--;
      resolve();
    });
    sent.end(body);
  });
}
