import fc from 'fast-check';
import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import {
  afterRequest,
  defaultEjection,
  type EjectionState,
  mayEject,
  neverEjected,
} from '../../../src/traffic/balance/ejection.ts';
import {
  afterCheck,
  guideHealthCheck,
  type HealthState,
  notChecked,
} from '../../../src/traffic/balance/health-check.ts';
import { Prober } from '../../../src/traffic/balance/prober.ts';
import type { ProbeResult } from '../../../src/traffic/balance/probes/probe.ts';
import { slowStartShare } from '../../../src/traffic/balance/slow-start.ts';

const thresholds = { up: 2, down: 3 };

function after(answers: string, from: HealthState = notChecked): HealthState['status'] {
  return [...answers].reduce((state, answer) => afterCheck(state, answer === '+', thresholds), from).status;
}

describe('afterCheck()', () => {
  it.each([
    ['+', 'starting'],
    ['++', 'up'],
    ['+-+', 'starting'],
    ['--', 'starting'],
    ['---', 'down'],
    ['++--', 'up'],
    ['++---', 'down'],
    ['++--+--', 'up'],
    ['++---+', 'down'],
    ['++---+-+', 'down'],
    ['++---++', 'up'],
  ] as const)('after %s it is %s', (answers, status) => {
    expect(after(answers)).toBe(status);
  });

  it('turns only after as many in a row as it says, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (answers) => {
        let state: HealthState = notChecked;
        for (const [at, isGood] of answers.entries()) {
          const next = afterCheck(state, isGood, thresholds);
          if (next.status !== state.status) {
            const run = next.status === 'up' ? thresholds.up : thresholds.down;
            expect(answers.slice(at - run + 1, at + 1)).toEqual(Array(run).fill(next.status === 'up'));
          }
          state = next;
        }
      }),
    );
  });
});

describe('a prober', () => {
  function watched(answers: readonly (ProbeResult | 'hangs')[]) {
    const clock = createVirtualClock();
    const asked: number[] = [];
    const told: string[] = [];
    const prober = new Prober(
      { id: 'a', host: 'a', port: 1 },
      {
        clock,
        policy: guideHealthCheck,
        probe: () => {
          const answer = answers[Math.min(asked.length, answers.length - 1)] as ProbeResult | 'hangs';
          asked.push(clock.monotonicMs());
          return answer === 'hangs' ? new Promise(() => {}) : Promise.resolve(answer);
        },
        onChecked: ({ status }, because) =>
          told.push(because === undefined ? status : `${status}: ${because}`),
      },
    );
    return { clock, asked, told, prober };
  }

  it('asks at once, each second until it knows, and then as the guide says', async () => {
    const { clock, asked, told, prober } = watched([{ kind: 'good' }]);
    await clock.advance(25_000);
    expect(asked).toEqual([0, 1000, 11_000, 21_000]);
    expect(told).toEqual(['starting', 'up', 'up', 'up']);
    prober.close();
    expect(clock.pending).toBe(0);
  });

  it('takes no answer within five seconds for a bad one', async () => {
    const { clock, told, prober } = watched([{ kind: 'good' }, { kind: 'good' }, 'hangs']);
    await clock.advance(1000 + 3 * 10_000 + 4999);
    expect(told.at(-1)).toBe('up: it did not answer in time');
    await clock.advance(1);
    expect(told.at(-1)).toBe('down: it did not answer in time');
    prober.close();
  });

  it('says why it is not well', async () => {
    const { clock, told, prober } = watched([{ kind: 'bad', because: 'it answered 503' }]);
    await clock.advance(2000);
    expect(told).toEqual(['starting: it answered 503', 'starting: it answered 503', 'down: it answered 503']);
    prober.close();
  });
});

describe('ejection', () => {
  const policy = defaultEjection;

  function run(outcomes: string, from: EjectionState, nowMs: number, canEject = true): EjectionState {
    return [...outcomes].reduce(
      (state, outcome) =>
        afterRequest(state, outcome === '+' ? 'succeeded' : 'failed', { policy, nowMs, canEject }),
      from,
    );
  }

  it('takes out who fails five times one after the other, for ten seconds', () => {
    expect(run('----', neverEjected, 0).untilMs).toBe(0);
    expect(run('----+----', neverEjected, 0).untilMs).toBe(0);
    expect(run('-----', neverEjected, 0)).toEqual({ failures: 0, ejections: 1, untilMs: 10_000 });
  });

  it('takes out for longer who fails again, up to a limit', () => {
    let state = neverEjected;
    const lasted: number[] = [];
    for (let turn = 0; turn < 40; turn++) {
      const nowMs = state.untilMs + 1;
      state = run('-----', state, nowMs);
      lasted.push(state.untilMs - nowMs);
    }
    expect(lasted.slice(0, 3)).toEqual([10_000, 20_000, 30_000]);
    expect(Math.max(...lasted)).toBe(policy.durationMsMax);
  });

  it('forgives with time who is well', () => {
    const out = run('-----', run('-----', neverEjected, 0), 10_000);
    expect(out).toMatchObject({ ejections: 2, untilMs: 30_000 });
    expect(run('+', out, 39_999).ejections).toBe(2);
    expect(run('+', out, 40_000).ejections).toBe(1);
    expect(run('+', out, 90_000).ejections).toBe(0);
  });

  it('is not made longer by what was on the way when it began', () => {
    const out = run('-----', neverEjected, 0);
    expect(run('----------', out, 5000).untilMs).toBe(10_000);
  });

  it('takes out nobody where too many are out', () => {
    expect(run('----------', neverEjected, 0, false).untilMs).toBe(0);
    expect(mayEject(policy, { ejected: 0, total: 1 })).toBe(true);
    expect(mayEject(policy, { ejected: 1, total: 3 })).toBe(false);
    expect(mayEject(policy, { ejected: 1, total: 4 })).toBe(true);
    expect(mayEject(policy, { ejected: 2, total: 4 })).toBe(false);
  });
});

describe('slowStartShare()', () => {
  it('begins with a tenth and grows evenly to the whole', () => {
    expect([0, 100, 500, 999, 1000, 5000].map((ageMs) => slowStartShare(ageMs, 1000))).toEqual([
      0.1, 0.1, 0.5, 0.999, 1, 1,
    ]);
    expect(slowStartShare(0, 0)).toBe(1);
  });
});
