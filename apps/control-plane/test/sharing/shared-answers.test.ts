import { createVirtualClock, sleep } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { SharedAnswers } from '../../src/sharing/index.ts';

function counting(options: { readonly answersMax?: number } = {}) {
  const clock = createVirtualClock();
  const answers = new SharedAnswers<number>({ clock, keptMs: 1000, ...options });
  let made = 0;
  const ask = (question: unknown) => answers.get(question, async () => ++made);
  return { clock, answers, ask };
}

describe('SharedAnswers', () => {
  it('makes an answer once for all who ask while it is made', async () => {
    const { clock, answers } = counting();
    let made = 0;
    const ask = () =>
      answers.get('cpu', async () => {
        await sleep(clock, 500);
        return ++made;
      });
    const all = Promise.all([ask(), ask(), ask()]);
    await clock.advance(500);
    expect(await all).toEqual([1, 1, 1]);
  });

  it('gives it to whoever asks shortly afterwards, and then once more while a new one is made', async () => {
    const { clock, ask } = counting();
    await ask('cpu');
    await clock.advance(999);
    expect(await ask('cpu')).toBe(1);
    await clock.advance(1);
    expect(await ask('cpu')).toBe(1);
    await clock.advance(1);
    expect([await ask('cpu'), await ask('cpu')]).toEqual([2, 2]);
  });

  it('gives none that is older than twice its time', async () => {
    const { clock, ask } = counting();
    await ask('cpu');
    await clock.advance(2000);
    expect(await ask('cpu')).toBe(2);
  });

  it('renews an answer once, however many ask meanwhile', async () => {
    const { clock, answers, ask } = counting();
    await ask('cpu');
    await clock.advance(1000);
    let renewals = 0;
    const askSlowly = () =>
      answers.get('cpu', async () => {
        renewals++;
        await sleep(clock, 100);
        return 7;
      });
    expect(await Promise.all([askSlowly(), askSlowly()])).toEqual([1, 1]);
    await clock.advance(100);
    expect([await askSlowly(), renewals]).toEqual([7, 1]);
  });

  it('lets the next one meet the failure of a renewal', async () => {
    const { clock, answers, ask } = counting();
    await ask('cpu');
    await clock.advance(1000);
    const fail = () => answers.get('cpu', () => Promise.reject(new Error('away')));
    expect(await fail()).toBe(1);
    await clock.advance(1);
    await expect(fail()).rejects.toThrow('away');
  });

  it('tells questions apart by what they say', async () => {
    const { ask } = counting();
    expect([await ask({ of: 'a' }), await ask({ of: 'b' }), await ask({ of: 'a' })]).toEqual([1, 2, 1]);
  });

  it('keeps no failure', async () => {
    const { answers, ask } = counting();
    await expect(answers.get('cpu', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await ask('cpu')).toBe(1);
  });

  it('forgets the oldest beyond its limit', async () => {
    const { ask } = counting({ answersMax: 2 });
    for (const question of ['a', 'b', 'c']) await ask(question);
    expect([await ask('c'), await ask('b'), await ask('a')]).toEqual([3, 2, 4]);
  });

  it('does not hold what nobody may get any more', async () => {
    const { clock, answers, ask } = counting();
    for (const question of ['a', 'b', 'c']) await ask(question);
    await clock.advance(2000);
    await ask('d');
    expect(answers.size).toBe(1);
  });
});
