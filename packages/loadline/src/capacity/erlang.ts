/**
 * The share of arrivals that find all servers busy and are turned away, where none can wait (A. K. Erlang, 1917). The
 * sum goes down from the last server, has no term below 0 and ends where terms no longer count: exact for thousands.
 *
 * @param load arrivals in the time that one is served, from 0.
 */
export function erlangB(servers: number, load: number): number {
  if (load <= 0) return servers > 0 ? 0 : 1;
  let term = 1;
  let sum = 1;
  for (let busy = servers; busy > 0; busy--) {
    term *= busy / load;
    sum += term;
    // Of far too many servers the sum overflows: their share is 0 to the last digit.
    if ((busy < load && term < sum * 1e-17) || sum === Number.POSITIVE_INFINITY) break;
  }
  return 1 / sum;
}

/** The share of arrivals that have to wait; 1 where the load is more than all servers can carry. */
export function erlangC(servers: number, load: number): number {
  if (load >= servers) return 1;
  const turnedAway = erlangB(servers, load);
  return turnedAway / (1 - (load / servers) * (1 - turnedAway));
}
