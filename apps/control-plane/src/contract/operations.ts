import { accessOperations } from './access-operations.ts';
import { alertOperations } from './alert-operations.ts';
import { instanceOperations } from './instance-operations.ts';
import { intakeOperations } from './intake-operations.ts';
import { liveOperations } from './live-operations.ts';
import { chartOperations, metricsOperations } from './metrics-operations.ts';
import { profilingOperations } from './profiling-operations.ts';
import { recommendationOperations } from './recommendation-operations.ts';
import { rolloutOperations } from './rollout-operations.ts';
import { scalingOperations } from './scaling-operations.ts';
import { systemOperations } from './system-operations.ts';
import { testOperations } from './test-operations.ts';

/** A JSON Schema, 2020-12. */
export type Schema = Readonly<Record<string, unknown>>;

/** One thing that can be asked for. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its parameters in braces: `/keys/{keyId}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: Schema;
  readonly query?: Schema;
  readonly headers?: Schema;
  readonly body?: Schema;
  /** Media types of a body that is not JSON: it reaches the handler as its bytes. */
  readonly bodyAs?: readonly string[];
  /**
   * Whether it brings in what was measured, or a sign of life, and changes nothing besides. The audit log does not hold such
   * requests: they come many times a second, and would bury whatever else is in it.
   */
  readonly isIntake?: boolean;
  /** By status; refusals are problem documents and are not listed here. */
  readonly responses: Readonly<Record<number, OperationResponse>>;
}

export interface OperationResponse {
  readonly description: string;
  /** Of its JSON; absent where there is none. */
  readonly schema?: Schema;
  /** Other media types that it can have. */
  readonly alsoAs?: readonly string[];
}

type AllOperations = typeof accessOperations &
  typeof alertOperations &
  typeof chartOperations &
  typeof instanceOperations &
  typeof intakeOperations &
  typeof liveOperations &
  typeof metricsOperations &
  typeof profilingOperations &
  typeof recommendationOperations &
  typeof rolloutOperations &
  typeof scalingOperations &
  typeof systemOperations &
  typeof testOperations;

/** Every operation by its name, which is also its `operationId`. */
export const operations: AllOperations = {
  ...systemOperations,
  ...accessOperations,
  ...testOperations,
  ...metricsOperations,
  ...chartOperations,
  ...scalingOperations,
  ...rolloutOperations,
  ...instanceOperations,
  ...intakeOperations,
  ...profilingOperations,
  ...recommendationOperations,
  ...alertOperations,
  ...liveOperations,
};

/** The name of an operation: its `operationId` in the OpenAPI document. */
export type OperationName = keyof AllOperations;

/** The names of all operations. */
export const operationNames: readonly OperationName[] = Object.keys(operations) as OperationName[];
