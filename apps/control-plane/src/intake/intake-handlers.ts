import type { Clock } from 'loadline/base';
import type { StoreCounts } from 'loadline/store';
import type { Handlers, IntakeReceipt } from '../contract/index.ts';
import { Problem } from '../problems/index.ts';
import type { Delivery, Intake, IntakeDoor, Intaken } from './intake.ts';
import { PushedPages } from './pushed-pages.ts';
import { readBatch } from './read-batch.ts';
import { RemoteWrites } from './remote-write/remote-writes.ts';

type IntakeHandlers = Pick<Handlers, 'writeMetrics' | 'writeMetricsText' | 'remoteWriteMetrics'>;

/** Answers whoever brings samples. */
export function intakeHandlers({
  intake,
  store,
  clock,
}: {
  readonly intake: Intake;
  readonly store: { readonly counts: Pick<StoreCounts, 'isAway'> };
  readonly clock: Clock;
}): IntakeHandlers {
  const pages = new PushedPages(clock);
  const remoteWrites = new RemoteWrites(clock);

  /** What is not kept was not read either: it comes again, and is compared with what was before. */
  const take = async (door: IntakeDoor, delivery: Delivery & { undo(): void }): Promise<Intaken> => {
    try {
      return await intake.take(door, delivery);
    } catch (error) {
      delivery.undo();
      throw error;
    }
  };

  return {
    writeMetrics: async ({ body }) => replyOf(await intake.take('batch', readBatch(body, clock.now()))),
    async writeMetricsText({ query, body, headers }) {
      assertEncoding(headers['content-encoding'], undefined);
      const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
      return replyOf(await take('text', pages.read({ ...query, text })));
    },
    async remoteWriteMetrics({ body, headers }) {
      assertMessage(headers['content-type']);
      assertEncoding(headers['content-encoding'], 'snappy');
      // Prometheus keeps what was not taken, on its disk: better there than in the memory here.
      if (store.counts.isAway) throw away();
      return replyOf(await take('remote write', remoteWrites.read(body)));
    },
  };
}

/** That it only waits is another status than that it is kept. */
function replyOf({ state, accepted, refused, leftOut, problems }: Intaken): {
  readonly status: number;
  readonly body: IntakeReceipt;
} {
  const body = { state, accepted, refused, leftOut, problems: [...problems] };
  return { status: state === 'committed' ? 200 : 202, body };
}

/** Remote write 2.0 names another message; who is told so by 415 sends the older one. */
function assertMessage(contentType = ''): void {
  const message = /;\s*proto\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1];
  if (message === undefined || message === 'prometheus.WriteRequest') return;
  throw new Problem(
    'CONTROL_PLANE_MEDIA_TYPE_UNKNOWN',
    'Only remote write 1.0 is read here: application/x-protobuf;proto=prometheus.WriteRequest.',
  );
}

function assertEncoding(found: string | undefined, wanted: 'snappy' | undefined): void {
  const named = found?.trim().toLowerCase() ?? 'identity';
  if (named === (wanted ?? 'identity')) return;
  throw new Problem(
    'CONTROL_PLANE_MEDIA_TYPE_UNKNOWN',
    wanted === undefined
      ? 'Send the body as it is, without a Content-Encoding.'
      : `Send the body with the Content-Encoding ${wanted}.`,
    { headers: { 'accept-encoding': wanted ?? 'identity' } },
  );
}

function away(): Problem {
  return new Problem(
    'CONTROL_PLANE_UNAVAILABLE',
    'The database takes nothing at the moment. Nothing of this was kept: send it again.',
    { headers: { 'retry-after': '5' } },
  );
}
