import type { AddressPolicy } from 'loadline/base';
import { compareReadings, type Growth } from './compare-readings.ts';
import type { Resolve } from './judged-address.ts';
import { keptOf } from './kept-reading.ts';
import type { Member } from './member.ts';
import type { Pull } from './pull.ts';
import { addressOfWatched } from './watched-address.ts';

/** What it takes to reach those who are watched. */
export interface AskMeans {
  readonly pull: Pull;
  /** What instances that registered may be reached at. */
  readonly policy: AddressPolicy;
  readonly resolve: Resolve;
  /** Opens the metrics of those that are listed or named. */
  readonly key: string | undefined;
}

/** What an instance did since it was asked before. */
export interface Told extends Growth {
  /** 0 where it was never asked before. */
  readonly elapsedS: number;
  /** When it was asked, by the clock that nobody sets. */
  readonly readMs: number;
}

const samplesOfInstanceMax = 5000;

/** Asks an instance once, and keeps what it says for the next time. @throws Error with why it said nothing. */
export async function askInstance(member: Member, means: AskMeans, signal: AbortSignal): Promise<Told> {
  const { watched, labels, service, instance } = member;
  if (watched === undefined) throw new Error('it is not known where it is');
  if (watched.because !== undefined) throw new Error(watched.because);
  const { address, isTrusted } = await addressOfWatched(watched, means);
  const key = isTrusted ? means.key : undefined;
  const isKeyWithheld = key !== means.key;
  const reading = await means.pull({ url: watched.url, address, key, isKeyWithheld, labels }, signal);
  const before = member.reading;
  member.reading = keptOf(reading);
  const growth = compareReadings(before, reading, {
    service,
    instance,
    samplesMax: samplesOfInstanceMax,
    seriesOf: (series) => member.pool.of(series),
  });
  const elapsedMs = before === undefined ? 0 : reading.monotonicMs - before.monotonicMs;
  return { ...growth, elapsedS: elapsedMs / 1000, readMs: reading.monotonicMs };
}
