import type { Clock } from 'loadline/base';
import type { Handlers, IntakeReceipt } from '../contract/index.ts';
import type { Intake, Intaken } from './intake.ts';
import { readBatch } from './read-batch.ts';

type IntakeHandlers = Pick<Handlers, 'writeMetrics'>;

/** Answers whoever brings samples. */
export function intakeHandlers({
  intake,
  clock,
}: {
  readonly intake: Intake;
  readonly clock: Clock;
}): IntakeHandlers {
  return {
    writeMetrics: async ({ body }) => replyOf(await intake.take('batch', readBatch(body, clock.now()))),
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
