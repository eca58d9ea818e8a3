import { closest, parseDuration, show } from 'loadline/base';
import { type DecisionQuery, namedScalingPresets, writeScalingPolicy } from 'loadline/scaling';
import { type Handlers, momentOf, type Request, type Requester, timesOf } from '../contract/index.ts';
import { Problem, wrongInBody } from '../problems/index.ts';
import { orRefusal } from './refusals.ts';
import type { Scaling } from './scaling.ts';

type ScalingHandlers = Pick<
  Handlers,
  | 'getScalingStatus'
  | 'configureScaling'
  | 'scaleManually'
  | 'endManualScaling'
  | 'restartInstances'
  | 'endRestart'
  | 'listScalingEvents'
  | 'listScalingDecisions'
>;

/** Answers what is asked about the size of services. */
export function scalingHandlers(scaling: Scaling, nowMs: () => number): ScalingHandlers {
  return {
    getScalingStatus: async ({ query }) => ({
      status: 200,
      body: { items: await scaling.status(query.group) },
    }),
    async configureScaling({ body, headers, who }) {
      const replaces = versionOf(body.version, headers['if-match']);
      const change = { policy: policyOf(body.policy), changedBy: idOf(who) };
      const group = await orRefusal(
        scaling.configure(body.group, replaces === undefined ? change : { ...change, replaces }),
      );
      return { status: 200, body: group, headers: { etag: `"${group.version}"` } };
    },
    async scaleManually({ body, who }) {
      const { group, replicas, duration = '1h', reason = '' } = body;
      const forMs = parseDuration(duration);
      if (forMs === undefined)
        throw wrongInBody(
          '/duration',
          `must be a duration with a unit, like 30m, 1h or 2d, got ${show(duration)}`,
        );
      const request = { replicas, forMs, setBy: idOf(who), reason };
      return { status: 200, body: await orRefusal(scaling.scaleManually(group, request)) };
    },
    endManualScaling: async ({ params }) => ({
      status: 200,
      body: await orRefusal(scaling.endManual(params.group)),
    }),
    async restartInstances({ body, who }) {
      const { group, reason = '' } = body;
      const begun = scaling.restart(group, { orderedBy: idOf(who), reason });
      return { status: 202, body: await orRefusal(begun) };
    },
    endRestart: async ({ params, who }) => ({
      status: 200,
      body: await orRefusal(scaling.endRestart(params.group, { orderedBy: idOf(who), reason: '' })),
    }),
    async listScalingDecisions({ query }) {
      const { group, at } = query;
      assertOneTime(query);
      const items =
        at === undefined
          ? await scaling.decisions(decisionsAskedFor(query, nowMs()))
          : await scaling.decisionAt(group, momentOf(at));
      return { status: 200, body: { items } };
    },
    listScalingEvents: async ({ query }) => ({ status: 200, body: await scaling.history(filterOf(query)) }),
  };
}

/** Said in the body, in the head, in both alike, or not at all. */
function versionOf(inBody: number | undefined, ifMatch: string | undefined): number | undefined {
  const inHead = ifMatch === undefined || ifMatch === '*' ? undefined : Number(ifMatch.slice(1, -1));
  if (inBody !== undefined && inHead !== undefined && inBody !== inHead)
    throw wrongInBody('/version', 'is another than the one in `If-Match`');
  return inBody ?? inHead;
}

function policyOf(written: string | object): unknown {
  if (typeof written !== 'string') return written;
  const preset = namedScalingPresets.get(written);
  if (preset !== undefined) return writeScalingPolicy(preset);
  const known = [...namedScalingPresets.keys()];
  const meant = closest(written, known);
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  throw wrongInBody('/policy', `must be a policy, or one of ${known.join(', ')}${hint}`);
}

type History = Parameters<Scaling['history']>[0];

function filterOf({
  limit,
  cursor,
  group,
  action,
  from,
  to,
}: Request<'listScalingEvents'>['query']): History {
  return {
    limit,
    ...(cursor === undefined ? {} : { after: cursor }),
    ...(group === undefined ? {} : { scalingGroup: group }),
    ...(action === undefined ? {} : { scalingAction: action }),
    ...timesOf({ from, to }),
  };
}

const dayMs = 86_400_000;

function assertOneTime({ at, from, to }: Request<'listScalingDecisions'>['query']): void {
  if (at === undefined || (from === undefined && to === undefined)) return;
  throw new Problem('CONTROL_PLANE_REQUEST_INVALID', '/at must not be beside from or to.', {
    errors: [{ in: 'query', pointer: '/at', detail: 'must not be beside from or to' }],
  });
}

function decisionsAskedFor(
  { group, from, to, limit }: Request<'listScalingDecisions'>['query'],
  nowMs: number,
): DecisionQuery {
  const toMs = to === undefined ? nowMs + 1 : momentOf(to);
  return { group, fromMs: from === undefined ? toMs - dayMs : momentOf(from), toMs, limit };
}

function idOf(who: Requester | undefined): string {
  return who?.keyId ?? 'nobody';
}
