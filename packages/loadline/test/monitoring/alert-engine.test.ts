import fc from 'fast-check';
import { type AlertState, evaluateAlerts, type Reading } from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';
import { readingOf, ruleOf, times, watch } from './alert-policies.ts';

describe('evaluateAlerts()', () => {
  it('fires once a limit was passed for as long as the rule asks, and not before', () => {
    expect(watch(ruleOf(), times(10, 150)).steps).toEqual(['0 pending warning']);
    expect(watch(ruleOf(), times(11, 150)).steps).toEqual(['0 pending warning', '10 fired warning']);
  });

  it('begins anew when the value comes back meanwhile, if only to the limit', () => {
    const { steps } = watch(ruleOf(), [...times(9, 150), 100, ...times(10, 150)]);
    expect(steps).toEqual(['0 pending warning', '9 withdrawn warning', '10 pending warning']);
  });

  it('fires at once where the rule asks for no time', () => {
    expect(watch(ruleOf({ for: 0 }), [250, 50]).steps).toEqual(['0 fired critical', '1 resolved critical']);
  });

  it('resolves only inside: 5 % below a limit, not at it', () => {
    const { steps } = watch(ruleOf({ for: 0 }), [150, 99, 96, 95.1, 101, 95]);
    expect(steps).toEqual(['0 fired warning', '5 resolved warning']);
  });

  it('alerts of what must not fall when it falls', () => {
    const rule = ruleOf({ below: { warning: 800, critical: 500 }, for: '2s' });
    const { steps } = watch(rule, [900, 700, 700, 700, 400, 400, 400, 510, 530, 830, 841]);
    expect(steps).toEqual([
      '1 pending warning',
      '3 fired warning',
      '6 raised critical',
      '8 eased warning',
      '10 resolved warning',
    ]);
  });

  it('is raised to critical only when that limit too was passed for long enough', () => {
    const { steps } = watch(ruleOf(), [...times(11, 150), ...times(9, 250), 150, ...times(11, 250)]);
    expect(steps).toEqual(['0 pending warning', '10 fired warning', '31 raised critical']);
  });

  it('says nothing more while nothing changes', () => {
    expect(watch(ruleOf(), times(200, 150)).steps).toHaveLength(2);
  });

  it('does not fire by a clock that was set back, and waits no longer because of it', () => {
    const first = watch(ruleOf(), times(5, 150), { fromMs: 1_000_000 });
    const second = watch(ruleOf(), times(11, 150), { states: first.states, fromMs: 0 });
    expect(second.steps).toEqual(['10 fired warning']);
  });

  it('knows the beginning of what goes on by a clock that was set back, and repeats it no later', () => {
    const { states } = watch(ruleOf({ for: 0 }), [150], { fromMs: 1_000_000 });
    const told = states.map((state) => ({
      ...state,
      announced: { severity: state.severity, atMs: 1_000_000 },
    }));
    const [alert] = watch(ruleOf({ for: 0 }), [150], { states: told, fromMs: 5000 }).states;
    expect(alert).toMatchObject({ startedAtMs: 5000, announced: { atMs: 5000 } });
  });

  it('has the limit and the words of the severity at which it fires', () => {
    const [alert] = watch(ruleOf({ for: 0 }), [250]).states;
    expect(alert).toMatchObject({ severity: 'critical', limit: 200, summary: 'slow is 250, above 200' });
  });

  it('says never of a value that it is beyond a limit when it is not', () => {
    const near = watch(ruleOf({ for: 0 }), [150, 97]);
    expect(near.states).toMatchObject([{ value: 97, summary: 'slow is 150, above 100' }]);
    const { transitions } = watch(ruleOf({ for: 0 }), [50], { states: near.states, fromMs: 2000 });
    expect(transitions).toMatchObject([
      { alert: { value: 50, summary: 'slow is 150, above 100' }, reason: 'it is 50 now' },
    ]);
  });

  it('puts the labels of its rule before those of the series', () => {
    const [alert] = watch(ruleOf({ for: 0, labels: { service: 'shop', team: 'food' } }), [150]).states;
    expect(alert?.labels).toEqual({ service: 'shop', team: 'food' });
  });

  it('is another one after it was over, also where it is remembered in between', () => {
    const rule = ruleOf({ for: 0, missing: 'alert' });
    const states = watch(rule, [150]).states.map((state) => ({
      ...state,
      acknowledged: { by: 'ada', atMs: 0 },
    }));
    expect(watch(rule, [50], { states, fromMs: 1000 }).states).toMatchObject([{ acknowledged: undefined }]);
  });

  it('is known to whoever acknowledged it until it is worse', () => {
    const rule = ruleOf({ for: 0 });
    const acknowledged = { by: 'ada', atMs: 1000 };
    const states = watch(rule, [150]).states.map((state) => ({ ...state, acknowledged }));
    const statesOf = (...values: readonly number[]) => watch(rule, values, { states, fromMs: 1000 }).states;
    expect(statesOf(160)).toMatchObject([{ severity: 'warning', acknowledged }]);
    expect(statesOf(250)).toMatchObject([{ severity: 'critical', acknowledged: undefined }]);
    expect(statesOf(250, 150)).toMatchObject([{ severity: 'warning', acknowledged: undefined }]);
  });

  it('is over where its rule does not match its series any more', () => {
    const { states } = watch(ruleOf({ for: 0, match: { service: 'api' } }), [150]);
    const evaluate = (said: Readonly<Record<string, unknown>>) =>
      evaluateAlerts({
        rules: [ruleOf({ for: 0, ...said })],
        readings: [],
        states,
        silences: [],
        nowMs: 1000,
      });
    expect(evaluate({ match: { service: 'a*' } }).transitions).toEqual([]);
    expect(evaluate({ match: { service: 'web' } }).transitions).toMatchObject([{ kind: 'resolved' }]);
    // What the series has there is hidden by what the rule adds.
    expect(evaluate({ match: { service: 'web' }, labels: { service: 'api' } }).transitions).toEqual([]);
  });

  it('resolves the alerts of a rule that was taken away', () => {
    const { states } = watch(ruleOf({ for: 0 }), [150]);
    const { transitions } = evaluateAlerts({ rules: [], readings: [], states, silences: [], nowMs: 1000 });
    expect(transitions).toMatchObject([{ kind: 'resolved', reason: 'its rule was taken away' }]);
  });

  it('says in its summary what was found, and where', () => {
    const rule = ruleOf({
      for: 0,
      above: { warning: '1s' },
      summary: '{{ service }}: {{value}} > {{limit}}{{nobody}} {{constructor}}',
    });
    expect(watch(rule, [1250]).states[0]?.summary).toBe('api: 1.25 s > 1 s ');
  });
});

describe('a summary', () => {
  it('is cut where labels make it long, and never through a character', () => {
    const [alert] = evaluateAlerts({
      rules: [ruleOf({ for: 0, summary: `x${'{{service}}'.repeat(10)}` })],
      readings: [readingOf(150, { labels: { service: '👍'.repeat(100) } })],
      states: [],
      silences: [],
      nowMs: 0,
    }).states;
    expect(alert?.summary).toHaveLength(1000);
    expect(alert?.summary.isWellFormed()).toBe(true);
  });

  it('says of a series that is missing that it has no reading', () => {
    const rule = ruleOf({ for: 0, missing: 'alert' });
    expect(watch(rule, [undefined]).states).toMatchObject([
      { summary: 'slow has no reading', value: undefined },
    ]);
  });
});

describe('a missing reading', () => {
  const fired = times(3, 150);

  it('changes nothing by default', () => {
    const { steps } = watch(ruleOf({ for: '2s' }), [...fired, ...times(50, undefined), 150, 50]);
    expect(steps).toEqual(['0 pending warning', '2 fired warning', '54 resolved warning']);
  });

  it('does not make a pending alert fire by itself', () => {
    const { steps } = watch(ruleOf({ for: '2s' }), [150, ...times(10, undefined)]);
    expect(steps).toEqual(['0 pending warning']);
  });

  it('resolves where the rule takes it for a good sign', () => {
    const { steps } = watch(ruleOf({ for: '2s', missing: 'ok' }), [...fired, undefined]);
    expect(steps.at(-1)).toBe('3 resolved warning');
  });

  it('of a series that was well is an alert where the rule says so', () => {
    const { steps } = watch(ruleOf({ for: '2s', missing: 'alert' }), [50, 50, ...times(3, undefined), 50]);
    expect(steps).toEqual(['2 pending critical', '4 fired critical', '5 resolved critical']);
  });

  it('of every series of a rule is an alert of its own, and over as soon as there is one', () => {
    const rule = ruleOf({ for: '2s', missing: 'alert', match: { service: 'api' } });
    const { steps, transitions } = watch(rule, [...times(4, undefined), 50]);
    expect(steps).toEqual(['0 pending critical', '2 fired critical', '4 resolved critical']);
    expect(transitions[1]?.alert.labels).toEqual({});
    expect(transitions[2]?.reason).toBe('its rule has series again');
  });

  it('does not make a limit of before a pause one that was passed without a break', () => {
    const rule = ruleOf({ for: '10s' });
    const before = watch(rule, [150]).states;
    const at = (fromMs: number) => watch(rule, times(12, 150), { states: before, fromMs });
    expect(at(300_000).steps).toEqual(['300 fired warning']);
    const late = at(301_000);
    expect(late.steps).toEqual(['311 fired warning']);
    expect(late.states).toMatchObject([{ startedAtMs: 301_000 }]);
  });

  it('ends nothing by a pause, and takes a rule’s own window for no pause', () => {
    const states = watch(ruleOf({ for: 0, window: '1h' }), [150]).states;
    const pending = watch(ruleOf({ window: '1h' }), [150]).states;
    const hour = { fromMs: 3_600_000 };
    expect(watch(ruleOf({ for: 0 }), [150], { states, ...hour }).steps).toEqual([]);
    expect(watch(ruleOf({ window: '1h' }), [150], { states: pending, ...hour }).steps).toHaveLength(1);
  });

  it('is no alert any more once its rule does not ask for one', () => {
    for (const labels of [{}, { service: 'api' }]) {
      const rule = ruleOf({ for: '2s', missing: 'alert' });
      const first = 'service' in labels ? [50] : [];
      const { states } = watch(rule, [...first, ...times(4, undefined)]);
      expect(states).toMatchObject([{ phase: 'firing' }]);
      const { transitions } = evaluateAlerts({
        rules: [ruleOf({ for: '2s' })],
        readings: [],
        states,
        silences: [],
        nowMs: 10_000,
      });
      expect(transitions).toMatchObject([{ kind: 'resolved' }]);
    }
  });

  it('is not that of a series for which there was no room', () => {
    const other = ruleOf({ name: 'other', for: 0, missing: 'alert' });
    const { states, setAside } = evaluateAlerts({
      rules: [other],
      readings: [readingOf(50, { rule: 'other' })],
      states: [],
      silences: [],
      nowMs: 0,
      limits: { alertsMax: 0 },
    });
    expect([states, setAside.beyondLimit]).toEqual([[], 1]);
  });

  it('is forgotten after a day also where it is an alert', () => {
    const rule = ruleOf({ for: '2s', missing: 'alert' });
    let { states } = watch(rule, [50]);
    const kinds: string[] = [];
    for (let nowMs = 3_600_000; nowMs <= 25 * 3_600_000; nowMs += 3_600_000) {
      const evaluated = evaluateAlerts({ rules: [rule], readings: [], states, silences: [], nowMs });
      kinds.push(
        ...evaluated.transitions.map(({ kind, reason }) => `${nowMs / 3_600_000} ${kind}: ${reason}`),
      );
      states = evaluated.states;
    }
    expect(kinds).toContain('24 resolved: its series had no reading for too long');
  });

  it('is forgotten after a day', () => {
    const { states } = watch(ruleOf({ for: 0 }), [150]);
    const at = (nowMs: number) =>
      evaluateAlerts({ rules: [ruleOf({ for: 0 })], readings: [], states, silences: [], nowMs });
    expect(at(86_399_999).transitions).toEqual([]);
    expect(at(86_400_000).transitions).toMatchObject([{ kind: 'resolved' }]);
  });
});

describe('a reading', () => {
  const evaluate = (readings: readonly Reading[], limits = {}) =>
    evaluateAlerts({
      rules: [ruleOf({ for: 0, match: { service: ['api', 'web*'] } })],
      readings,
      states: [],
      silences: [],
      nowMs: 1e6,
      limits,
    });

  it.each<[string, Partial<Reading>]>([
    ['notANumber', { value: Number.NaN }],
    ['notANumber', { value: Number.POSITIVE_INFINITY }],
    ['stale', { atMs: 1e6 - 60_001 }],
    ['future', { atMs: 1e6 + 5001 }],
    ['unmatched', { rule: 'another' }],
    ['unmatched', { labels: { service: 'shop' } }],
    ['unmatched', { labels: {} }],
  ])('is set aside and counted as %s: %o', (why, said) => {
    const { states, setAside } = evaluate([readingOf(150, { atMs: 1e6, ...said })]);
    expect(states).toEqual([]);
    expect(setAside).toMatchObject({ [why]: 1 });
  });

  it('that is a minute old, or five seconds ahead, still counts', () => {
    expect(evaluate([readingOf(150, { atMs: 1e6 - 60_000 })]).states).toHaveLength(1);
    expect(
      evaluate([readingOf(150, { atMs: 1e6 + 5000, labels: { service: 'web-1' } })]).states,
    ).toHaveLength(1);
  });

  it('is as old as a rule’s window may make it', () => {
    const evaluated = evaluateAlerts({
      rules: [ruleOf({ for: 0, window: '10m' })],
      readings: [readingOf(150, { atMs: 1e6 - 600_000 })],
      states: [],
      silences: [],
      nowMs: 1e6,
    });
    expect(evaluated.states).toHaveLength(1);
  });

  it('of what must not fall is of one time the lowest', () => {
    const { states } = evaluateAlerts({
      rules: [ruleOf({ for: 0, below: { warning: 100 } })],
      readings: [40, 30, 50].map((value) => readingOf(value)),
      states: [],
      silences: [],
      nowMs: 0,
    });
    expect(states).toMatchObject([{ value: 30 }]);
  });

  it('of one series counts once: the newest, and of one time the worst', () => {
    const at = (value: number, atMs: number) => readingOf(value, { atMs });
    const { states, setAside } = evaluate([at(150, 1e6), at(250, 1e6 - 1), at(160, 1e6), at(50, 1e6 - 2)]);
    expect(states).toMatchObject([{ value: 160 }]);
    expect(setAside.superseded).toBe(3);
    expect(evaluate([at(160, 1e6), at(150, 1e6)]).states).toMatchObject([{ value: 160 }]);
  });

  it('of a new series is refused when there are too many, but of a known one never', () => {
    const series = (count: number) =>
      Array.from({ length: count }, (_, at) =>
        readingOf(150, { atMs: 1e6, labels: { service: `web${at}` } }),
      );
    const { states, setAside } = evaluate(series(30), { alertsMax: 10 });
    expect(states).toHaveLength(10);
    expect(setAside.beyondLimit).toBe(20);
    const again = evaluateAlerts({
      rules: [ruleOf({ for: 0 })],
      readings: series(30).toReversed(),
      states,
      silences: [],
      nowMs: 1e6,
      limits: { alertsMax: 10 },
    });
    expect(again.states.map(({ fingerprint }) => fingerprint)).toEqual(
      states.map(({ fingerprint }) => fingerprint),
    );
  });
});

describe('any course of a series', () => {
  const value = fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined, freq: 8 });
  const course = fc.array(value, { maxLength: 60 });
  const missing = fc.constantFrom('ok', 'keep', 'alert');
  const forSeconds = fc.integer({ min: 0, max: 6 });

  it('fires never before the rule’s time, and ends each firing exactly once', () => {
    fc.assert(
      fc.property(course, missing, forSeconds, (values, whenMissing, seconds) => {
        const rule = ruleOf({ for: `${seconds}s`, missing: whenMissing });
        const { transitions, states } = watch(rule, values);
        const open = new Map<string, number>();
        for (const { kind, alert, atMs } of transitions) {
          if (kind === 'fired') {
            expect(open.has(alert.fingerprint)).toBe(false);
            open.set(alert.fingerprint, atMs);
            expect(atMs - (alert.startedAtMs as number)).toBeGreaterThanOrEqual(seconds * 1000);
            if (whenMissing !== 'keep') continue;
            const within = values.slice(atMs / 1000 - seconds, atMs / 1000 + 1);
            expect(within.every((each) => each === undefined || each > 100)).toBe(true);
          } else if (kind === 'resolved') {
            expect(open.delete(alert.fingerprint)).toBe(true);
          } else if (kind === 'raised' || kind === 'eased') {
            expect(open.has(alert.fingerprint)).toBe(true);
          }
        }
        const firing = states.filter(({ phase }) => phase === 'firing').map(({ fingerprint }) => fingerprint);
        expect([...open.keys()].toSorted()).toEqual(firing.toSorted());
      }),
    );
  });

  it('does not flap within the hysteresis', () => {
    const near = fc.array(fc.double({ min: 95.001, max: 199, noNaN: true }), { maxLength: 60 });
    fc.assert(
      fc.property(near, (values) => {
        const { steps } = watch(ruleOf({ for: 0 }), [150, ...values]);
        expect(steps).toEqual(['0 fired warning']);
      }),
    );
  });

  it('gives the same after a restart in the middle', () => {
    fc.assert(
      fc.property(course, missing, fc.nat(60), (values, whenMissing, cut) => {
        const rule = ruleOf({ for: '3s', missing: whenMissing });
        const whole = watch(rule, values);
        const before = watch(rule, values.slice(0, cut));
        const states = JSON.parse(JSON.stringify(before.states)) as AlertState[];
        const after = watch(rule, values.slice(cut), { states, fromMs: Math.min(cut, values.length) * 1000 });
        expect([...before.steps, ...after.steps]).toEqual(whole.steps);
        expect(after.states).toEqual(whole.states);
      }),
    );
  });

  it('does not depend on the order of its readings', () => {
    const reading = fc.record({
      rule: fc.constantFrom('slow', 'other', 'none'),
      labels: fc.record({ service: fc.constantFrom('api', 'web', 'shop') }),
      value: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constant(Number.NaN)),
      atMs: fc.constantFrom(900_000, 999_000, 1e6, 1_010_000),
    });
    const rules = [ruleOf({ for: 0 }), ruleOf({ name: 'other', below: { warning: 50 }, for: 0 })];
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 20 }), fc.nat(), (readings, turn) => {
        const evaluate = (inOrder: readonly Reading[]) =>
          evaluateAlerts({
            rules,
            readings: inOrder,
            states: [],
            silences: [],
            nowMs: 1e6,
            limits: { alertsMax: 1 },
          });
        const at = readings.length === 0 ? 0 : turn % readings.length;
        const turned = [...readings.slice(at), ...readings.slice(0, at)].toReversed();
        expect(evaluate(turned)).toEqual(evaluate(readings));
      }),
    );
  });
});
