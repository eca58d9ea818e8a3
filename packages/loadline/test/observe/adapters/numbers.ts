import type { Observer } from 'loadline/observe';

/** What a number metric holds, by its labels' values. */
export function numbers({ registry }: Observer, name: string): Readonly<Record<string, number>> {
  const family = registry.snapshot().find((each) => each.name === name);
  if (family === undefined || family.kind === 'histogram') return {};
  return Object.fromEntries(family.series.map(({ labels, value }) => [labels.join(' '), value]));
}

/** How many requests were answered, by method, route and status. */
export const requestsOf = (observer: Observer): Readonly<Record<string, number>> =>
  numbers(observer, 'http_requests_total');
