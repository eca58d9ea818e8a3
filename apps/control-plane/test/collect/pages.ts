import { decodeSnapshot, encodeSnapshot, parsePrometheus, type Registry } from 'loadline/metrics';
import { type ReadAt, type Reading, readingOfScrape, readingOfSnapshot } from '../../src/collect/reading.ts';

const startMs = Date.UTC(2026, 0, 1);

/** What an instance shows in our compact form. */
export function readRegistry(
  registry: Registry,
  at: ReadAt,
  sketches?: ReadonlyMap<string, Uint8Array>,
): Reading {
  return readingOfSnapshot(decodeSnapshot(encodeSnapshot(registry.snapshot(), sketches)), at);
}

/** What an instance shows as text. */
export function readText(text: string, at: ReadAt): Reading {
  return readingOfScrape(parsePrometheus(text), at);
}

/** So many seconds after the start. */
export function atSecond(seconds: number): ReadAt {
  return { atMs: startMs + seconds * 1000, monotonicMs: seconds * 1000 };
}
