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

  it('says nothing of what began and ended within it', () => {
    const { round } = follow(silenced);
    expect([...round(0, [slow(150)]), ...round(1000, [slow(50)])]).toEqual([]);
  });
});
