import {
  type MonitorState,
  type Notification,
  type Reading,
  type Silence,
  takeRound,
} from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';
import { policyOf, readingOf } from './alert-policies.ts';

const hourMs = 3_600_000;
const policy = policyOf({
  group_by: ['service'],
  rules: [
    { name: 'slow', metric: 'latency_ms', above: { warning: 100, critical: 200 }, for: 0 },
    { name: 'errors', metric: 'errors', above: { critical: 10 }, for: 0 },
  ],
});
const nothing: MonitorState = { alerts: [], incidents: [], silences: [] };

/** Rounds of a monitor without its surroundings. */
function follow(start: MonitorState = nothing) {
  let state = start;
  return {
    get state() {
      return state;
    },
    change(next: (state: MonitorState) => MonitorState): void {
      state = next(state);
    },
    round(
      nowMs: number,
      readings: readonly Omit<Reading, 'atMs'>[] | undefined,
      by = policy,
    ): readonly Notification[] {
      const round = takeRound(state, {
        policy: by,
        nowMs,
        readings: readings?.map((each) => ({ ...each, atMs: nowMs })),
      });
      state = round.state;
      return round.notifications;
    },
  };
}

/** `api firing: slow fired, errors fired` */
function shown(notifications: readonly Notification[]): string[] {
  return notifications.map(({ group, status, why, alerts }) => {
    const changes = alerts.map(({ rule, labels, change }) => `${rule}${labels.instance ?? ''} ${change}`);
    return `${group.service} ${status}, ${why}: ${changes.join(', ')}`;
  });
}

const slow = (value: number, said: Partial<Reading> = {}) => readingOf(value, said);
const errors = (value: number, said: Partial<Reading> = {}) => readingOf(value, { rule: 'errors', ...said });

describe('a notification', () => {
  it('carries what belongs together, and no other group', () => {
    const { round } = follow();
    const web = { labels: { service: 'web' } };
    expect(shown(round(0, [slow(150), errors(20), slow(150, web)]))).toEqual([
      'api firing, changed: errors fired, slow fired',
      'web firing, changed: slow fired',
    ]);
  });

  it('says also what of its group fires still, and that all is over only when it is', () => {
    const { round } = follow();
    round(0, [slow(150), errors(0)]);
    expect(shown(round(1000, [slow(150), errors(20)]))).toEqual([
      'api firing, changed: errors fired, slow none',
    ]);
    expect(shown(round(2000, [slow(50), errors(20)]))).toEqual([
      'api firing, changed: slow resolved, errors none',
    ]);
    expect(shown(round(3000, [slow(50), errors(0)]))).toEqual(['api resolved, changed: errors resolved']);
  });

  it('is not repeated while nothing changes, but after four hours', () => {
    const { round } = follow();
    round(0, [slow(150)]);
    expect(round(1000, [slow(160)])).toEqual([]);
    expect(round(4 * hourMs - 1, [slow(150)])).toEqual([]);
    expect(shown(round(4 * hourMs, [slow(150)]))).toEqual(['api firing, repeated: slow repeated']);
    expect(round(4 * hourMs + 1000, [slow(150)])).toEqual([]);
  });

  it('is repeated for a group as a whole, whenever each of its alerts began', () => {
    const { round } = follow();
    round(0, [slow(150), errors(0)]);
    round(hourMs, [slow(150), errors(20)]);
    const web = { labels: { service: 'web' } };
    round(2 * hourMs, [slow(150), errors(20), slow(150, web)]);
    const all = [slow(150), errors(20), slow(150, web)];
    expect(shown(round(4 * hourMs, all))).toEqual(['api firing, repeated: errors repeated, slow repeated']);
    expect(round(5 * hourMs, all)).toEqual([]);
    expect(shown(round(8 * hourMs, all))).toEqual([
      'api firing, repeated: errors repeated, slow repeated',
      'web firing, repeated: slow repeated',
    ]);
  });

  it('is no mere repetition where something has changed', () => {
    const { round } = follow();
    round(0, [slow(150), errors(0)]);
    expect(shown(round(4 * hourMs, [slow(150), errors(20)]))).toEqual([
      'api firing, changed: errors fired, slow repeated',
    ]);
  });

  it('is as bad as what fires, and begins with that', () => {
    const { round } = follow();
    round(0, [errors(20)]);
    const [mixed] = round(1000, [errors(0), slow(150)]);
    expect(mixed).toMatchObject({
      severity: 'warning',
      alerts: [
        { rule: 'slow', change: 'fired', endedAtMs: undefined },
        { rule: 'errors', change: 'resolved', endedAtMs: 1000 },
      ],
    });
    round(2000, [errors(20), slow(150)]);
    round(3000, [errors(20), slow(50)]);
    expect(round(4000, [errors(0)])).toMatchObject([{ status: 'resolved', severity: 'critical' }]);
  });

  it('is made in no time also when everything fires at once', () => {
    const { round } = follow();
    const all = (value: number) =>
      Array.from({ length: 4000 }, (_, at) => slow(value, { labels: { service: `s${at}` } }));
    expect(round(0, all(150))).toHaveLength(4000);
    expect(round(1000, all(50))).toHaveLength(4000);
    const one = (value: number) =>
      Array.from({ length: 4000 }, (_, at) => slow(value, { labels: { service: 'api', at: String(at) } }));
    expect(round(2000, one(150))).toHaveLength(1);
    expect(round(3000, one(50))).toHaveLength(1);
  });

  it('tells that an alert is worse, or less bad, and what it was', () => {
    const { round } = follow();
    round(0, [slow(150)]);
    const [raised] = round(1000, [slow(250)]);
    expect(raised).toMatchObject({
      severity: 'critical',
      alerts: [{ change: 'raised', previousSeverity: 'warning' }],
    });
    expect(round(2000, [slow(150)])).toMatchObject([
      { severity: 'warning', alerts: [{ change: 'eased', previousSeverity: 'critical' }] },
    ]);
  });

  it('has an id of its own, the same in every run', () => {
    const first = follow().round(0, [slow(150)]);
    expect(follow().round(0, [slow(150)])).toEqual(first);
    expect(follow().round(1, [slow(150)])[0]?.id).not.toBe(first[0]?.id);
  });

  it('holds a hundred alerts, and says how many more there are', () => {
    const many = Array.from({ length: 130 }, (_, at) =>
      slow(150, { labels: { service: 'api', instance: String(at) } }),
    );
    const [notification] = follow().round(0, many);
    expect(notification?.alerts).toHaveLength(100);
    expect(notification?.alertsLeftOut).toBe(30);
  });

  it('is made of what is remembered where nothing can be read, and then nothing is resolved', () => {
    const { round } = follow();
    round(0, [slow(150)]);
    expect(round(1000, undefined)).toEqual([]);
    expect(shown(round(4 * hourMs, undefined))).toEqual(['api firing, repeated: slow repeated']);
  });
});

describe('an alert of a series that must not go missing', () => {
  it('is told each time that it fires, although it is remembered in between', () => {
    const { round } = follow();
    const up = policyOf({
      rules: [
        {
          name: 'up',
          metric: 'up',
          below: { critical: 1 },
          resolve: { critical: 1 },
          for: 0,
          missing: 'alert',
        },
      ],
    });
    const changes = [0, 1, 0, 1].map((value, at) =>
      round(at * 1000, [readingOf(value, { rule: 'up' })], up).map(({ alerts }) => alerts[0]?.change),
    );
    expect(changes).toEqual([['fired'], ['resolved'], ['fired'], ['resolved']]);
  });
});

describe('a silence', () => {
  const silence: Silence = {
    id: 's',
    match: { service: ['a*'], severity: ['warning'] },
    fromMs: 0,
    untilMs: 10_000,
    by: 'ada',
    why: 'works',
  };
  const silenced: MonitorState = { ...nothing, silences: [silence] };

  it('keeps an alert from being told, until it ends while the alert fires still', () => {
    const followed = follow(silenced);
    expect(followed.round(0, [slow(150)])).toEqual([]);
    expect(followed.state.alerts).toMatchObject([{ phase: 'firing', silencedBy: 's' }]);
    expect(followed.state.incidents).toEqual([]);
    expect(followed.round(9999, [slow(150)])).toEqual([]);
    expect(shown(followed.round(10_000, [slow(150)]))).toEqual(['api firing, changed: slow fired']);
    expect(followed.state.silences).toEqual([]);
  });

  it('does not hold for what it does not match', () => {
    const { round } = follow(silenced);
    expect(shown(round(0, [slow(250), slow(150, { labels: { service: 'web' } })]))).toEqual([
      'api firing, changed: slow fired',
      'web firing, changed: slow fired',
    ]);
  });

  it('lets nobody wait for the end of what was told before', () => {
    const followed = follow();
    followed.round(0, [slow(150)]);
    followed.change((state) => ({ ...state, silences: [silence] }));
    expect(shown(followed.round(1000, [slow(50)]))).toEqual(['api resolved, changed: slow resolved']);
  });

  it('keeps an alert also from being told of beside others of its group', () => {
    const followed = follow();
    followed.round(0, [slow(150)]);
    followed.change((state) => ({ ...state, silences: [silence] }));
    expect(shown(followed.round(1000, [slow(150), errors(20)]))).toEqual([
      'api firing, changed: errors fired',
    ]);
  });

  it('holds from its beginning on, and the one that lasts longest goes first', () => {
    const later = { ...silence, id: 'later', fromMs: 5000, untilMs: 20_000 };
    const followed = follow({ ...nothing, silences: [silence, later] });
    followed.round(4999, [slow(150)]);
    expect(followed.state.alerts).toMatchObject([{ silencedBy: 's' }]);
    followed.round(5000, [slow(150)]);
    expect(followed.state.alerts).toMatchObject([{ silencedBy: 'later' }]);
  });

  it('says nothing of what began and ended within it', () => {
    const { round } = follow(silenced);
    expect([...round(0, [slow(150)]), ...round(1000, [slow(50)])]).toEqual([]);
  });
});
