import {
  type AlertPolicy,
  fingerprintOf,
  type Incident,
  type MonitorState,
  type Notification,
  type Reading,
  takeRound,
  timeToAcknowledgeMs,
  timeToRecoveryMs,
} from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';
import {
  acknowledgeAlert,
  addSilence,
  endSilence,
  noteOnIncident,
  takeIncidentOf,
} from '../../src/monitoring/actions.ts';
import { policyOf, readingOf } from './alert-policies.ts';

const minuteMs = 60_000;
const rules = [
  {
    name: 'slow',
    metric: 'latency_ms',
    above: { warning: 100, critical: 200 },
    for: '10s',
    runbook: 'https://r.example/slow',
  },
  { name: 'errors', metric: 'errors', above: { critical: 10 }, for: 0 },
];
const policy = policyOf({ group_by: ['service'], escalate_after: ['10m', '30m'], join_within: '5m', rules });
const byEndpoint = policyOf({ group_by: ['service', 'endpoint'], join_within: '5m', rules });

/** Rounds, with one incident to look at. */
function follow(withPolicy: AlertPolicy = policy) {
  let state: MonitorState = { alerts: [], incidents: [], silences: [] };
  return {
    state: () => state,
    only: (): Incident => {
      expect(state.incidents).toHaveLength(1);
      return state.incidents[0] as Incident;
    },
    act: (action: (state: MonitorState) => MonitorState): void => {
      state = action(state);
    },
    round(nowMs: number, ...readings: readonly Reading[]): readonly Notification[] {
      const round = takeRound(state, {
        policy: withPolicy,
        nowMs,
        readings: readings.map((each) => ({ ...each, atMs: nowMs })),
      });
      state = round.state;
      return round.notifications;
    },
  };
}

const slow = (value: number, labels: Record<string, string> = {}) =>
  readingOf(value, { labels: { service: 'api', ...labels } });
const errors = (value: number, labels: Record<string, string> = {}) =>
  readingOf(value, { rule: 'errors', labels: { service: 'api', ...labels } });

describe('an incident', () => {
  it('is opened by the first alert, joined by others of its group, and resolved by the last', () => {
    const { round, only } = follow();
    round(0, slow(150));
    round(10_000, slow(150));
    round(20_000, slow(150), errors(20));
    round(30_000, slow(50), errors(20));
    expect(only()).toMatchObject({
      phase: 'open',
      severity: 'critical',
      runbooks: ['https://r.example/slow'],
    });
    round(40_000, slow(50), errors(0));
    const { phase, timeline, alerts } = only();
    expect(phase).toBe('resolved');
    expect(alerts).toMatchObject([
      { rule: 'slow', resolvedAtMs: 30_000 },
      { rule: 'errors', resolvedAtMs: 40_000 },
    ]);
    expect(timeline.map(({ atMs, what, text }) => `${atMs / 1000} ${what}: ${text}`)).toEqual([
      '10 opened: slow is 150, above 100',
      '10 alert: fired, warning: slow is 150, above 100',
      '20 alert: fired, critical: errors is 20, above 10',
      '30 alert: resolved, warning: slow is 150, above 100',
      '40 alert: resolved, critical: errors is 20, above 10',
      '40 resolved: resolved after 40 s',
    ]);
  });

  it('knows how long it took to be taken, and from the first sign of trouble to recovery', () => {
    const { round, only, act } = follow();
    round(0, slow(150));
    round(10_000, slow(150));
    expect([timeToAcknowledgeMs(only()), timeToRecoveryMs(only())]).toEqual([undefined, undefined]);
    act((state) => takeIncidentOf(state, only().id, { by: 'ada', atMs: 70_000 }));
    round(100_000, slow(50));
    expect([timeToAcknowledgeMs(only()), timeToRecoveryMs(only())]).toEqual([60_000, 100_000]);
  });

  it('is joined by another group of its service for a while, and then there is another', () => {
    const { round, state } = follow(byEndpoint);
    round(0, errors(20, { endpoint: 'a' }));
    round(5 * minuteMs, errors(20, { endpoint: 'a' }), errors(20, { endpoint: 'b' }));
    expect(state().incidents).toHaveLength(1);
    round(
      10 * minuteMs + 1,
      errors(20, { endpoint: 'a' }),
      errors(20, { endpoint: 'b' }),
      errors(20, { endpoint: 'c' }),
    );
    expect(state().incidents.map(({ alerts }) => alerts.length)).toEqual([2, 1]);
  });

  it('is not joined because something that it has is worse, but because something came', () => {
    const { round, state } = follow(byEndpoint);
    const a = { endpoint: 'a' };
    round(0, slow(150, a));
    round(10_000, slow(150, a));
    round(4 * minuteMs, slow(250, a));
    round(5 * minuteMs, slow(250, a));
    round(8 * minuteMs, slow(250, a), errors(20, { endpoint: 'b' }));
    expect(state().incidents).toHaveLength(2);
  });

  it('is not joined in the very round in which something that it has is worse', () => {
    const { round, state } = follow(byEndpoint);
    const other = errors(20, { endpoint: 'other' });
    // One that is looked at before the other.
    const a = [...'abcdefghijklmnop']
      .map((endpoint) => ({ endpoint }))
      .find((each) => fingerprintOf('slow', slow(0, each).labels) < fingerprintOf('errors', other.labels));
    expect(a).toBeDefined();
    round(0, slow(150, a));
    round(10_000, slow(150, a));
    round(6 * minuteMs, slow(250, a));
    round(6 * minuteMs + 10_000, slow(250, a), other);
    expect(state().incidents.map(({ alerts }) => alerts.length)).toEqual([1, 1]);
  });

  it('is, of several of its service, the newest that another group joins', () => {
    const { round, state } = follow(byEndpoint);
    const [a, other, c, d] = ['a', 'a', 'c', 'd'].map((endpoint, at) =>
      errors(20, { endpoint, instance: at === 1 ? 'other' : '' }),
    ) as [Reading, Reading, Reading, Reading];
    round(0, a);
    round(10 * minuteMs, a, c);
    round(11 * minuteMs, a, other, c);
    round(12 * minuteMs, a, other, c, d);
    expect(state().incidents.map(({ alerts }) => alerts.map(({ labels }) => labels.endpoint))).toEqual([
      ['a', 'a'],
      ['c', 'd'],
    ]);
  });

  it('is not joined by what is of no service', () => {
    const { round, state } = follow(policyOf({ group_by: ['endpoint'], rules }));
    const of = (endpoint: string) => readingOf(20, { rule: 'errors', labels: { endpoint } });
    round(0, of('a'), of('b'));
    expect(state().incidents).toHaveLength(2);
  });

  it('is named to those who hear of its alert, also after an older one had that alert', () => {
    const { round, state } = follow(byEndpoint);
    const [a, b] = ['a', 'b'].map((endpoint) => errors(20, { endpoint })) as [Reading, Reading];
    const [endOfA, endOfB] = ['a', 'b'].map((endpoint) => errors(0, { endpoint })) as [Reading, Reading];
    round(0, a);
    round(10 * minuteMs, a, b);
    round(11 * minuteMs, a, endOfB);
    round(12 * minuteMs, a);
    const first = state().incidents[0]?.id;
    // The first has got something new meanwhile, so that what comes joins it.
    const another = errors(20, { endpoint: 'a', instance: '2' });
    round(13 * minuteMs, a, another);
    expect(round(14 * minuteMs, a, another, b)).toMatchObject([{ incident: { id: first } }]);
    const told = round(15 * minuteMs, endOfA, { ...another, value: 0 }, endOfB);
    expect(told.map(({ incident }) => incident?.id)).toEqual([first, first]);
  });

  it('is opened by no end of an alert, and told of no repetition', () => {
    const { round, only, act, state } = follow();
    round(0, errors(20));
    round(250 * minuteMs, errors(20));
    expect(only().timeline.map(({ what }) => what)).not.toContain('repeated');
    expect(only().timeline.filter(({ what }) => what === 'alert')).toHaveLength(1);
    act((now) => ({ ...now, incidents: [] }));
    expect(round(251 * minuteMs, errors(0))).toHaveLength(1);
    expect(state().incidents).toEqual([]);
  });

  it('lists of very many alerts the first that fire, then the newest that are over, and counts the others', () => {
    const { round, only } = follow();
    const many = (value: (at: number) => number) =>
      Array.from({ length: 700 }, (_, at) => errors(value(at), { instance: String(at) }));
    round(0, ...many(() => 20));
    expect([only().alerts.length, only().unlisted.length, only().alertsLeftOut]).toEqual([500, 200, 0]);
    const firstListed = new Set(only().alerts.map(({ labels }) => labels.instance));
    const isListed = (at: number): boolean => firstListed.has(String(at));
    // All that are listed end, and half of the others.
    round(1000, ...many((at) => (isListed(at) || at % 2 === 0 ? 0 : 20)));
    const { alerts, unlisted, alertsLeftOut } = only();
    expect(alerts.every(({ resolvedAtMs }) => resolvedAtMs !== undefined)).toBe(true);
    expect(unlisted.length).toBeGreaterThan(0);
    expect(alerts.length + unlisted.length + alertsLeftOut).toBe(700);
    expect(only().phase, 'those without room fire on').toBe('open');
    round(2000, ...many(() => 0));
    expect(only()).toMatchObject({ phase: 'resolved', unlisted: [] });
    expect(only().alerts.length + only().alertsLeftOut).toBe(700);
  });

  it('takes all of its alerts, also those it has no room for, for known when somebody takes it', () => {
    const { round, only, act, state } = follow();
    const many = Array.from({ length: 600 }, (_, at) => errors(20, { instance: String(at) }));
    round(0, ...many);
    act((now) => takeIncidentOf(now, only().id, { by: 'ada', atMs: 1000 }));
    expect(state().alerts.filter(({ acknowledged }) => acknowledged?.by === 'ada')).toHaveLength(600);
  });

  it('stays below the megabyte that a store takes, however many and long its alerts and notes are', () => {
    const { round, only, act } = follow();
    const letter = '漢';
    const many = Array.from({ length: 10_000 }, (_, at) =>
      errors(20, { instance: `${letter.repeat(180)}${at}`, path: letter.repeat(200) }),
    );
    round(0, ...many);
    for (let at = 0; at < 100; at++)
      act((now) => noteOnIncident(now, only().id, { by: 'ada', atMs: 1000 + at, text: letter.repeat(2000) }));
    round(2000, ...many.map((each) => ({ ...each, value: 0 })));
    expect(Buffer.byteLength(JSON.stringify(only()))).toBeLessThan(2 ** 20);
    expect(only().timeline.length).toBeGreaterThan(10);
    expect(only().timeline[0]?.what).toBe('opened');
  });

  it('is another one when trouble comes back after it was resolved', () => {
    const { round, state } = follow();
    round(0, errors(20));
    round(1000, errors(0));
    round(2000, errors(20));
    expect(state().incidents.map(({ phase }) => phase)).toEqual(['resolved', 'open']);
  });

  it('is passed on level by level while nobody takes it', () => {
    const { round, only } = follow();
    round(0, errors(20));
    expect(round(10 * minuteMs - 1, errors(20))).toEqual([]);
    expect(round(10 * minuteMs, errors(20))).toMatchObject([
      { why: 'escalated', incident: { level: 1 }, alerts: [{ rule: 'errors' }] },
    ]);
    expect(round(11 * minuteMs, errors(20))).toEqual([]);
    expect(round(30 * minuteMs, errors(20))).toMatchObject([{ why: 'escalated', incident: { level: 2 } }]);
    expect(only().level).toBe(2);
  });

  it('is passed on to nobody once somebody has taken it, and its alerts are not repeated', () => {
    const { round, only, act } = follow();
    round(0, errors(20));
    act((state) => takeIncidentOf(state, only().id, { by: 'ada', atMs: 1000 }));
    for (const minutes of [10, 30, 240, 480]) expect(round(minutes * minuteMs, errors(20))).toEqual([]);
    expect(round(500 * minuteMs, errors(0))).toMatchObject([
      { status: 'resolved', incident: { takenBy: 'ada' } },
    ]);
  });

  it('is passed on to nobody while all of it is silenced, and at once when that ends', () => {
    const { round, only, act } = follow();
    const silence = { match: { rule: ['*'] }, fromMs: 0, untilMs: 20 * minuteMs, by: 'ada', why: 'works' };
    round(0, errors(20));
    act((state) => addSilence(state, silence).state);
    expect(round(15 * minuteMs, errors(20))).toEqual([]);
    expect(only()).toMatchObject({ level: 0 });
    expect(round(20 * minuteMs, errors(20))).toMatchObject([{ why: 'escalated', incident: { level: 1 } }]);
  });

  it('is passed on in time by a clock that was set back', () => {
    const { round, only } = follow();
    round(1000 * minuteMs, errors(20));
    round(0, errors(20));
    expect(round(10 * minuteMs, errors(20))).toMatchObject([{ why: 'escalated' }]);
    round(0, errors(0));
    expect([only().timeline.at(-1)?.text, timeToRecoveryMs(only())]).toEqual(['resolved after 0 s', 0]);
  });

  it('is not passed on once it is over', () => {
    const { round, only } = follow();
    round(0, errors(20));
    round(1000, errors(0));
    expect(round(11 * minuteMs, errors(0))).toEqual([]);
    expect(only()).toMatchObject({ phase: 'resolved', level: 0 });
  });

  it('is not passed on for an alert that is of another one by now', () => {
    const { round } = follow();
    round(0, errors(20));
    round(1000, errors(0));
    round(2000, errors(20));
    expect(round(10 * minuteMs, errors(20))).toEqual([]);
    expect(round(10 * minuteMs + 2000, errors(20))).toHaveLength(1);
  });

  it('is passed on with its worst alert first', () => {
    const { round } = follow();
    round(0, slow(150), errors(0));
    round(10_000, slow(150), errors(20));
    const [notification] = round(10 * minuteMs + 10_000, slow(150), errors(20));
    expect(notification?.alerts.map(({ rule }) => rule)).toEqual(['errors', 'slow']);
  });

  it('is taken from its beginning by who acknowledged its alert before it was told', () => {
    const { round, only, act, state } = follow();
    round(0, slow(150));
    const [alert] = state().alerts;
    act((now) => acknowledgeAlert(now, alert?.fingerprint ?? '', { by: 'ada', atMs: 5000 }));
    round(10_000, slow(150));
    expect(only()).toMatchObject({ taken: { by: 'ada', atMs: 5000 } });
    expect(timeToAcknowledgeMs(only())).toBe(0);
    expect(round(30 * minuteMs, slow(150))).toEqual([]);
  });

  it('begins with the first sign of any of its alerts', () => {
    const { round, only } = follow();
    round(0, slow(150));
    round(5000, slow(150), errors(20));
    expect(only().startedAtMs).toBe(5000);
    round(10_000, slow(150), errors(20));
    expect(only().startedAtMs).toBe(0);
  });

  it('is taken by whoever acknowledges one of its alerts first', () => {
    const { round, only, act, state } = follow();
    round(0, errors(20), slow(250));
    const [errorsAlert, slowAlert] = ['errors', 'slow'].map(
      (rule) => state().alerts.find((each) => each.rule === rule)?.fingerprint ?? '',
    );
    act((now) => acknowledgeAlert(now, errorsAlert as string, { by: 'ada', atMs: 1000 }));
    round(10_000, errors(20), slow(250));
    act((now) => acknowledgeAlert(now, slowAlert as string, { by: 'bob', atMs: 11_000 }));
    expect(only().taken).toEqual({ by: 'ada', atMs: 1000 });
    act((now) => takeIncidentOf(now, only().id, { by: 'bob', atMs: 12_000 }));
    expect(only().taken).toEqual({ by: 'bob', atMs: 1000 });
    expect(only().timeline.at(-1)).toMatchObject({ by: 'bob', text: 'taken from ada' });
  });

  it('is not taken any more once it is over', () => {
    const { round, act, state } = follow();
    round(0, errors(20));
    round(1000, errors(0));
    round(2000, errors(20));
    act((now) => acknowledgeAlert(now, now.alerts[0]?.fingerprint ?? '', { by: 'ada', atMs: 3000 }));
    expect(state().incidents.map(({ taken }) => taken?.by)).toEqual([undefined, 'ada']);
  });

  it('is resolved also when its alert is gone without a word', () => {
    const { round, only, act } = follow();
    round(0, errors(20));
    act((state) => ({ ...state, alerts: [] }));
    // The clock was set back as well.
    round(-1000);
    expect(only()).toMatchObject({ phase: 'resolved', resolvedAtMs: -1000 });
    expect([timeToRecoveryMs(only()), only().timeline.at(-1)?.text]).toEqual([0, 'resolved after 0 s']);
  });

  it('keeps the first and the newest entries of a long timeline', () => {
    const { round, only, act } = follow();
    round(0, errors(20));
    for (let at = 1; at <= 600; at++)
      act((state) => noteOnIncident(state, only().id, { by: 'ada', atMs: at, text: `note ${at}` }));
    const { timeline, timelineLeftOut } = only();
    expect([timeline.length, timelineLeftOut]).toEqual([500, 102]);
    expect([timeline[0]?.what, timeline.at(-1)?.text]).toEqual(['opened', 'note 600']);
  });

  it('is kept no longer than there is room for, once it is over', () => {
    const { round, state } = follow();
    const many = (service: string, value: number) =>
      Array.from({ length: 600 }, (_, at) => errors(value, { service: `${service}${at}` }));
    round(0, ...many('a', 20), errors(20));
    round(1000, ...many('a', 0), errors(20));
    round(2000, ...many('b', 20), errors(20));
    round(3000, ...many('b', 0), errors(20));
    const services = state().incidents.map(({ service }) => service[0]);
    expect([services.length, services.filter((letter) => letter === 'b').length]).toEqual([1001, 600]);
  });

  it('has of a long note what there is room for, and no half of a character', () => {
    const { round, only, act } = follow();
    round(0, errors(20));
    const text = `${'x'.repeat(1999)}👍`;
    act((state) => noteOnIncident(state, only().id, { by: 'ada', atMs: 1, text }));
    expect(only().timeline.at(-1)?.text).toBe(`${'x'.repeat(1999)}\uFFFD`);
  });

  it('is kept for an hour after its end, for a last note', () => {
    const { round, state, act, only } = follow();
    round(0, errors(20));
    round(1000, errors(0));
    act((now) => noteOnIncident(now, only().id, { by: 'ada', atMs: 2000, text: 'why' }));
    expect(only().timeline.at(-1)).toMatchObject({ what: 'note', text: 'why' });
    expect(() => act((now) => takeIncidentOf(now, only().id, { by: 'ada', atMs: 2000 }))).toThrow(
      expect.objectContaining({ code: 'MONITORING_INCIDENT_UNKNOWN' }),
    );
    round(3_600_999, errors(0));
    expect(state().incidents).toHaveLength(1);
    round(3_601_000, errors(0));
    expect(state().incidents).toEqual([]);
  });
});

describe('an action', () => {
  const act = { by: 'ada', atMs: 0 };
  const nothing: MonitorState = { alerts: [], incidents: [], silences: [] };

  it.each<[string, () => unknown]>([
    ['MONITORING_ALERT_UNKNOWN', () => acknowledgeAlert(nothing, 'x', act)],
    ['MONITORING_INCIDENT_UNKNOWN', () => takeIncidentOf(nothing, 'x', act)],
    ['MONITORING_INCIDENT_UNKNOWN', () => noteOnIncident(nothing, 'x', { ...act, text: 'y' })],
    ['MONITORING_SILENCE_UNKNOWN', () => endSilence(nothing, 'x')],
  ])('on what is not there is %s', (code, action) => {
    expect(action).toThrow(expect.objectContaining({ code }));
  });

  it('adds a silence once, however often it is asked for, and at most a thousand', () => {
    const asked = { match: { rule: ['*'] }, fromMs: 0, untilMs: 1000, by: 'ada', why: 'works' };
    const once = addSilence(nothing, asked);
    expect(addSilence(once.state, asked).state).toEqual(once.state);
    let state = nothing;
    for (let at = 0; at < 1000; at++) state = addSilence(state, { ...asked, fromMs: at }).state;
    expect(() => addSilence(state, { ...asked, fromMs: 1000 })).toThrow(
      expect.objectContaining({ code: 'MONITORING_SILENCES_FULL' }),
    );
    expect(endSilence(once.state, once.silence.id).silences).toEqual([]);
  });
});
