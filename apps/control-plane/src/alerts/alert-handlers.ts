import type { Clock } from 'loadline/base';
import type { Metrics } from 'loadline/store';
import type { Handlers, JudgedTargetsView, Requester } from '../contract/index.ts';
import { wrongInBody } from '../problems/index.ts';
import { SharedAnswers } from '../sharing/index.ts';
import type { Alerts } from './alerts.ts';
import { judgeServices } from './observed-targets.ts';

type AlertHandlers = Pick<
  Handlers,
  | 'listAlerts'
  | 'getAlert'
  | 'acknowledgeAlert'
  | 'listAlertRules'
  | 'createAlertRule'
  | 'replaceAlertRule'
  | 'deleteAlertRule'
  | 'listSilences'
  | 'createSilence'
  | 'endSilence'
  | 'listIncidents'
  | 'getIncident'
  | 'takeIncident'
  | 'noteIncident'
  | 'judgeTargets'
>;

/** No longer than the time from one look at an instance to the next. */
const judgedKeptMs = 5000;

/** Answers what is asked about alerts, rules, silences, incidents and targets. */
export function alertHandlers(options: {
  readonly alerts: Alerts;
  readonly metrics: Pick<Metrics, 'summaries'>;
  readonly clock: Clock;
}): AlertHandlers {
  const { alerts, clock } = options;
  // Five minutes of every instance, which look the same from second to second.
  const judged = new SharedAnswers<JudgedTargetsView>({ clock, keptMs: judgedKeptMs });
  return {
    async listAlerts({ query }) {
      const { limit, cursor, ...filter } = query;
      return { status: 200, body: bodyOf(await alerts.list(filter, { limit, cursor })) };
    },
    getAlert: async ({ params }) => ({ status: 200, body: await alerts.get(params.fingerprint) }),
    acknowledgeAlert: async ({ params, who }) => ({
      status: 200,
      body: await alerts.acknowledge(params.fingerprint, nameOf(who)),
    }),
    listAlertRules: async () => ({ status: 200, body: { items: [...(await alerts.rules())] } }),
    async createAlertRule({ body, who }) {
      const rule = await alerts.createRule(body, idOf(who));
      const headers = { location: `/performance/alert-rules/${rule.name}`, etag: `"${rule.version}"` };
      return { status: 201, body: rule, headers };
    },
    async replaceAlertRule({ params, headers, body, who }) {
      const rule = await alerts.replaceRule(params.ruleName, {
        written: body.rule,
        replaces: versionOf(body.version, headers['if-match']),
        changedBy: idOf(who),
      });
      return { status: 200, body: rule, headers: { etag: `"${rule.version}"` } };
    },
    async deleteAlertRule({ params }) {
      await alerts.removeRule(params.ruleName);
      return { status: 204, isEmpty: true };
    },
    listSilences: async () => ({ status: 200, body: { items: [...(await alerts.silences())] } }),
    async createSilence({ body, who }) {
      const silence = await alerts.silence(body, nameOf(who));
      return {
        status: 201,
        body: silence,
        headers: { location: `/performance/silences/${silence.id}` },
      };
    },
    async endSilence({ params }) {
      await alerts.endSilence(params.silenceId);
      return { status: 204, isEmpty: true };
    },
    async listIncidents({ query }) {
      const { limit, cursor, ...filter } = query;
      return { status: 200, body: bodyOf(await alerts.incidents(filter, { limit, cursor })) };
    },
    getIncident: async ({ params }) => ({ status: 200, body: await alerts.incident(params.incidentId) }),
    takeIncident: async ({ params, body, who }) => ({
      status: 200,
      body: await alerts.take(params.incidentId, body.assignee ?? nameOf(who)),
    }),
    noteIncident: async ({ params, body, who }) => ({
      status: 200,
      body: await alerts.note(params.incidentId, nameOf(who), body.text),
    }),
    judgeTargets: async ({ query }) => ({
      status: 200,
      body: await judged.get(query, () => judgeServices(options, query)),
    }),
  };
}

function bodyOf<Item>({
  items,
  nextCursor,
}: {
  readonly items: readonly Item[];
  readonly nextCursor: string | undefined;
}): { items: Item[]; nextCursor?: string } {
  return { items: [...items], ...(nextCursor === undefined ? {} : { nextCursor }) };
}

/** Said in the body, in the head, in both alike, or not at all. */
function versionOf(inBody: number | undefined, ifMatch: string | undefined): number | undefined {
  const inHead = ifMatch === undefined || ifMatch === '*' ? undefined : Number(ifMatch.slice(1, -1));
  if (inBody !== undefined && inHead !== undefined && inBody !== inHead)
    throw wrongInBody('/version', 'is another than the one in `If-Match`');
  return inBody ?? inHead;
}

/** What people know a key by; a timeline is for them. */
function nameOf(who: Requester | undefined): string {
  return who?.name ?? 'nobody';
}

function idOf(who: Requester | undefined): string {
  return who?.keyId ?? 'nobody';
}
