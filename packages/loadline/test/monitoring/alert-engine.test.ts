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
    const { steps, transitions } = watch(ruleOf({ for: '2s', missing: 'alert' }), [
      ...times(4, undefined),
      50,
    ]);
    expect(steps).toEqual(['0 pending critical', '2 fired critical', '4 resolved critical']);
    expect(transitions[1]?.alert.labels).toEqual({});
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
