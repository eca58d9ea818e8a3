import { bracketed } from '../../base/index.ts';
import type { SeenUpstream } from '../../traffic/index.ts';

/** Who is left out and who is back, since the last look; whoever comes and goes by order is no news. Pure. */
export function upstreamChanges(
  before: readonly SeenUpstream[],
  seen: readonly SeenUpstream[],
): readonly string[] {
  const was = new Map(before.map(({ id, status }) => [id, status]));
  return seen.flatMap(({ id, host, port, status }) => {
    const place = `${bracketed(host)}:${port}`;
    const wasDown = was.get(id) === 'down';
    if (status === 'down' && !wasDown)
      return [`${place} is left out: it fails its checks, or requests. It is asked again.`];
    return status === 'up' && wasDown ? [`${place} is well again, and gets requests.`] : [];
  });
}
