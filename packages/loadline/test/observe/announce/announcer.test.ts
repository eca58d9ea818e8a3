import { createVirtualClock } from 'loadline/base';
import { observe } from 'loadline/observe';
import { describe, expect, it } from 'vitest';
import { Announcer, type AnnouncerMeans } from '../../../src/observe/announce/announcer.ts';
import type { ControlPlane } from '../../../src/observe/announce/ask-control-plane.ts';
import type { Outcome } from '../../../src/observe/announce/next-turn.ts';

/** A control plane that answers what a test wants, and notes what it was asked. */
function stage(answer: (question: string) => Outcome | Promise<Outcome>) {
  const asked: string[] = [];
  const problems: string[] = [];
  const clock = createVirtualClock();
  const say = async (question: string): Promise<Outcome> => {
    asked.push(question);
    return answer(question);
  };
  const controlPlane: ControlPlane = {
    register: async ({ service, url }) => say(`register ${service} ${url}`),
    beat: async (id) => say(`beat ${id}`),
    remove: async (id) => void (await say(`remove ${id}`)),
  };
  const means: AnnouncerMeans = {
    controlPlane,
    name: 'loadline.example:7070',
    presence: { service: 'shop', url: 'http://10.0.0.7:8080', instance: undefined },
    clock,
    random: () => 0.999_999,
    onProblem: (problem) => problems.push(problem),
  };
  return { asked, problems, clock, announcer: new Announcer(means) };
}

const known: Outcome = { kind: 'known', id: 'i1', heartbeatEveryMs: 30_000 };

describe('a process that announces itself', () => {
  it('registers, sends heartbeats, and takes leave', async () => {
    const { asked, clock, announcer } = stage(() => known);
    expect([announcer.isKnown, announcer.problem]).toEqual([false, undefined]);
    await clock.advance(65_000);
    expect(announcer.isKnown).toBe(true);
    await announcer.close();
    await announcer.close();
    await clock.advance(120_000);
    expect(asked).toEqual(['register shop http://10.0.0.7:8080', 'beat i1', 'beat i1', 'remove i1']);
    expect(clock.pending).toBe(0);
  });

  it('registers anew where it was forgotten', async () => {
    let beats = 0;
    const { asked, clock, announcer } = stage((question) =>
      question === 'beat i1' && beats++ === 0 ? { kind: 'forgotten' } : known,
    );
    await clock.advance(30_000);
    expect(asked.slice(1)).toEqual(['beat i1', 'register shop http://10.0.0.7:8080']);
    expect(announcer.isKnown).toBe(true);
    await announcer.close();
  });

  it('tells once why it is not known, each time that it is not, and goes on', async () => {
    let problem: string | undefined = 'nobody listens there';
    const { problems, clock, announcer } = stage(() =>
      problem === undefined ? known : { kind: 'failed', problem, retryAfterMs: 0 },
    );
    await clock.advance(20_000);
    expect(problems).toEqual([
      'The control plane at loadline.example:7070 does not know of this process: nobody listens there.',
    ]);
    expect([announcer.isKnown, announcer.problem]).toEqual([false, 'nobody listens there']);
    problem = undefined;
    await clock.advance(30_000);
    expect([announcer.isKnown, announcer.problem]).toEqual([true, undefined]);
    problem = 'it answered 503: it is being stopped';
    await clock.advance(60_000);
    expect(problems).toHaveLength(2);
    await announcer.close();
  });

  it('gives up an answer that does not come within five seconds', async () => {
    const { problems, clock, announcer } = stage(() => new Promise(() => {}));
    await clock.advance(5000);
    expect(problems).toEqual([expect.stringContaining('it did not answer within 5 seconds')]);
    await announcer.close();
    expect(clock.pending).toBe(0);
  });

  it('waits two seconds for its leave, and no longer', async () => {
    const { clock, announcer } = stage((question) =>
      question.startsWith('remove') ? new Promise(() => {}) : known,
    );
    await clock.advance(0);
    const closing = announcer.close();
    await clock.advance(2000);
    await closing;
    expect(clock.pending).toBe(0);
  });
});

describe('observer.announce()', () => {
  it('refuses what it could not use later, all at once, and without the key', async () => {
    await using observer = observe();
    const options = {
      controlPlane: 'loadline:7070',
      key: 'se cret',
      url: 'ftp://10.0.0.7',
      instance: '',
      onProblem: 1,
    };
    expect(() => observer.announce(options as never)).toThrow(
      expect.objectContaining({
        code: 'OBSERVE_OPTIONS_INVALID',
        message: expect.stringMatching(
          /^Cannot announce this process: (?!.*se cret)(?=.*controlPlane must)(?=.*key must)(?=.*url must)(?=.*instance must)(?=.*onProblem must)/,
        ),
      }),
    );
    expect(() =>
      observer.announce({ controlPlane: 'http://127.0.0.1:1', key: undefined, url: 'http://u:p@h' } as never),
    ).toThrow(/key .*url must not hold a user/);
  });
});
