import type { Random } from 'loadline/base';

interface SimulatedQueue {
  readonly servers: number;
  readonly requests: number;
  readonly random: Random;
  /** Draws a time between two arrivals, and a time of service. */
  readonly gap: () => number;
  readonly service: () => number;
}

export interface Simulated {
  /** Of each request, sorted: first come, first served. */
  readonly responseMs: Float64Array;
  readonly waitedRatio: number;
  readonly waitingMsMean: number;
}

/** Servers with one queue, request after request: whoever comes first takes the server that is free first. */
export function simulateQueue({ servers, requests, gap, service }: SimulatedQueue): Simulated {
  const freeAt = new Float64Array(servers);
  const responses = new Float64Array(requests);
  let [now, waited, waiting] = [0, 0, 0];
  for (let request = 0; request < requests; request++) {
    now += gap();
    let first = 0;
    for (let each = 1; each < servers; each++) {
      if ((freeAt[each] as number) < (freeAt[first] as number)) first = each;
    }
    const waitMs = Math.max(0, (freeAt[first] as number) - now);
    const serviceMs = service();
    freeAt[first] = now + waitMs + serviceMs;
    responses[request] = waitMs + serviceMs;
    waiting += waitMs;
    if (waitMs > 0) waited++;
  }
  return {
    responseMs: responses.sort(),
    waitedRatio: waited / requests,
    waitingMsMean: waiting / requests,
  };
}
