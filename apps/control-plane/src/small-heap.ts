import { setFlagsFromString } from 'node:v8';

/**
 * Lets old garbage pile up to seven tenths of what is in use, and not to twice that, before it is collected. A control plane has 50 MB
 * in use and is never idle: what piles up meanwhile stays resident for good. With three tenths it would take 16 MB less, and
 * answer half as quickly in the worst twentieth of cases (benchmarks/README.md). V8 asks for this each time; a version that knows no such word goes on as it would.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${growingPercent}`);
}

const growingPercent = 70;
