import type { Handlers, Requester } from '../contract/index.ts';
import { createResultsRenderer } from './render-results.ts';
import { type ResultFormat, resultFormats } from './result-formats.ts';
import type { Schedules } from './schedules.ts';
import type { Tests } from './tests.ts';

type TestHandlers = Pick<
  Handlers,
  | 'startTest'
  | 'getTest'
  | 'cancelTest'
  | 'getTestResults'
  | 'listTests'
  | 'listSchedules'
  | 'createSchedule'
  | 'deleteSchedule'
>;

/** Answers what is asked about load tests and their schedules. */
export function testHandlers({
  tests,
  schedules,
}: {
  readonly tests: Tests;
  readonly schedules: Schedules;
}): TestHandlers {
  const render = createResultsRenderer();
  return {
    async startTest({ body, headers, who }) {
      const test = await tests.start(body, { keyId: idOf(who), idempotencyKey: headers['idempotency-key'] });
      return { status: 202, body: test, headers: { location: `/performance/tests/${test.id}` } };
    },
    getTest: async ({ params }) => ({ status: 200, body: await tests.get(params.testId) }),
    async cancelTest({ params }) {
      const test = await tests.cancel(params.testId);
      return { status: test.state === 'cancelled' ? 200 : 202, body: test };
    },
    async getTestResults({ params, query, headers }) {
      const format = query.format ?? preferredFormat(headers.accept);
      return {
        status: 200,
        text: await render(format, await tests.report(params.testId)),
        contentType: resultFormats[format],
        headers: format === 'html' ? { 'content-security-policy': reportPolicy } : {},
      };
    },
    async listTests({ query }) {
      const { limit, cursor, ...filter } = query;
      const { items, nextCursor } = await tests.list(filter, { limit, cursor });
      return { status: 200, body: { items, ...(nextCursor === undefined ? {} : { nextCursor }) } };
    },
    listSchedules: async () => ({ status: 200, body: { items: schedules.list() } }),
    async createSchedule({ body, who }) {
      const schedule = await schedules.create(body, idOf(who));
      return { status: 201, body: schedule, headers: { location: `/performance/schedules/${schedule.id}` } };
    },
    async deleteSchedule({ params }) {
      await schedules.remove(params.scheduleId);
      return { status: 204, isEmpty: true };
    },
  };
}

/** The page brings its own style and script; it gets an origin of its own, and with it no cookie of ours. */
const reportPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox allow-scripts";

/** The first form that `Accept` names; what it weighs is not looked at. */
function preferredFormat(accept: string | undefined): ResultFormat {
  const types = accept?.split(',').map((part) => part.split(';')[0]?.trim()) ?? [];
  const forms = { 'application/json': 'json', 'text/html': 'html', 'text/csv': 'csv' } as const;
  const first = types.find((type): type is keyof typeof forms => type !== undefined && type in forms);
  return first === undefined ? 'json' : forms[first];
}

function idOf(who: Requester | undefined): string {
  return who?.keyId ?? 'nobody';
}
