import { readFile } from 'node:fs/promises';
import { type Clock, ended, formatPath, packageFolder } from '../../base/index.ts';
import type { Registry } from '../../metrics/index.ts';
import type { Door, DoorAnswer, DoorRequest } from '../../traffic/index.ts';
import { pageOf } from '../vitals/pages.ts';
import { createRateLimit } from '../vitals/rate-limit.ts';
import { parseBeacon } from '../vitals/vitals.ts';
import { observeVitals } from '../vitals/vitals-metrics.ts';
import { methodRefusal, problemAnswer, readJson } from './door.ts';

/** What browsers may tell, and who may. */
export interface BeaconOptions {
  /** Sites whose pages may, as `https://shop.example`; by default only those of this server itself. */
  readonly origins?: readonly string[];
  /** Patterns of the pages, `/food/:id`; what fits none counts as `other`. By default what looks like an id is replaced. */
  readonly pages?: readonly string[];
  /** Messages a second of all browsers together, twice as many at once; 100 by default. */
  readonly ratePerSecond?: number;
}

const bodyBytesMax = 2048;

/** `/loadline/vitals`: web vitals and speed ratings of browsers. Whoever sends is not believed more than that. */
export function beaconDoor(options: BeaconOptions, registry: Registry, clock: Clock): Door {
  const record = observeVitals(registry);
  const mayPass = createRateLimit(options.ratePerSecond ?? 100, clock);
  const received = registry.counter({
    name: 'web_beacons_total',
    help: 'Messages of browsers, by what became of them.',
    labels: ['result'],
  });
  async function take(request: DoorRequest): Promise<DoorAnswer> {
    const refusal = methodRefusal(request, ['POST']);
    if (refusal !== undefined) return refusal;
    if (!isAllowed(request, options.origins)) {
      return problemAnswer(403, 'OBSERVE_REFUSED', 'Pages of this site may not report here.');
    }
    if (!mayPass()) {
      const headers = { 'retry-after': '1' };
      return problemAnswer(429, 'OBSERVE_TOO_BUSY', 'Too many browsers report at once.', { headers });
    }
    const read = await readJson(request, bodyBytesMax);
    if ('refusal' in read) return read.refusal;
    const parsed = parseBeacon(read.input);
    if (!parsed.ok) {
      const { problems } = parsed;
      const detail = problems.map(({ path, message }) => `${formatPath(path)} ${message}`).join('; ');
      return problemAnswer(400, 'OBSERVE_INPUT_INVALID', ended(detail), { problems });
    }
    record(pageOf(parsed.value.page, options.pages), parsed.value);
    return { status: 204, headers: {}, body: '' };
  }
  return async (request) => {
    const answer = await take(request);
    received.with({ result: answer.status === 204 ? 'accepted' : `refused ${answer.status}` }).add();
    return answer;
  };
}

/** A browser says with each message from which site it is; who says nothing is none. */
function isAllowed(request: DoorRequest, origins: readonly string[] | undefined): boolean {
  const origin = request.header('origin');
  if (origin === undefined) return false;
  if (origins !== undefined) return origins.includes(origin);
  return URL.canParse(origin) && new URL(origin).host === request.header('host');
}

/** `/loadline/vitals.js`: what a page includes so that its browser reports; read once. */
export function scriptDoor(): Door {
  let script: Promise<string> | undefined;
  return async (request) => {
    const refusal = methodRefusal(request, ['GET', 'HEAD']);
    if (refusal !== undefined) return refusal;
    script ??= readScript();
    const headers = {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      'x-content-type-options': 'nosniff',
    };
    return { status: 200, headers, body: request.method === 'HEAD' ? '' : await script };
  };
}

/** Google's own measuring, and behind it our few lines that send what it has measured. */
async function readScript(): Promise<string> {
  const library = import.meta.resolve('web-vitals');
  const parts = [new URL(measuringScript, library), new URL(sendingScript, packageFolder)];
  const texts = await Promise.all(parts.map((part) => readFile(part, 'utf8')));
  return texts.join('\n');
}

/** Beside its entry: the form that a page can include as it stands. */
const measuringScript = 'web-vitals.iife.js';
/** From `src` as from `dist`: what runs in a browser as it stands is not built. */
const sendingScript = 'src/observe/browser/vitals.js';
