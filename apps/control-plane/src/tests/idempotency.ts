import { createHash } from 'node:crypto';
import { Problem } from '../problems/index.ts';
import type { Idempotency, TestRecord } from './test-record.ts';

/** How long a key stands for its first request. */
const keptMs = 24 * 3_600_000;

/** What an order is, in few letters. */
export function fingerprintOf(order: unknown): string {
  return createHash('sha256').update(JSON.stringify(order)).digest('base64url');
}

/**
 * The test that the same request has started before; undefined where there is none. Pure.
 *
 * @throws CONTROL_PLANE_IDEMPOTENCY_REUSED where the key stood for another request.
 */
export function earlierTest(
  records: readonly TestRecord[],
  asked: Idempotency,
  nowMs: number,
): TestRecord | undefined {
  const earlier = records.findLast(
    ({ idempotency, createdAt }) =>
      idempotency?.key === asked.key &&
      idempotency.keyId === asked.keyId &&
      Date.parse(createdAt) > nowMs - keptMs,
  );
  if (earlier === undefined || earlier.idempotency?.fingerprint === asked.fingerprint) return earlier;
  throw new Problem(
    'CONTROL_PLANE_IDEMPOTENCY_REUSED',
    'This `Idempotency-Key` was used within a day for another request; take a new one.',
  );
}
