import { describe, expect, it } from 'vitest';
import { type Waiting, WaitingLine } from '../../../src/traffic/embedded/waiting-line.ts';

/** Goes on as soon as it may, and says so. */
function waiter(
  name: string,
  mayGoOn: (name: string) => boolean,
  line: WaitingLine,
  went: string[],
): Waiting {
  const waiting: Waiting = {
    goOn() {
      if (!mayGoOn(name)) return false;
      line.leave(waiting);
      went.push(name);
      return true;
    },
  };
  return waiting;
}

describe('a line of requests', () => {
  it('asks the next only when the one before has gone on, those that are repeated first, and each of them', async () => {
    const line = new WaitingLine();
    const asked: string[] = [];
    const went: string[] = [];
    const may = new Set<string>();
    const mayGoOn = (name: string): boolean => {
      asked.push(name);
      return may.has(name);
    };
    for (const name of ['first', 'second']) line.join(waiter(name, mayGoOn, line, went), false);
    for (const name of ['again', 'again too']) line.join(waiter(name, mayGoOn, line, went), true);
    await Promise.resolve();
    expect(asked).toEqual(['again', 'again too', 'first']);
    expect(line.length).toBe(4);
    may.add('again too').add('second');
    line.move();
    await Promise.resolve();
    // The second could, but the first was there before it.
    expect(went).toEqual(['again too']);
    may.add('first');
    line.check();
    await Promise.resolve();
    expect(went).toEqual(['again too', 'first', 'second']);
    expect(line.length).toBe(1);
  });

  it('moves once for all that happens at one time, and after it', async () => {
    const line = new WaitingLine();
    let asked = 0;
    line.join({ goOn: () => asked++ > 99 }, false);
    for (let end = 0; end < 10; end++) line.move();
    expect(asked).toBe(0);
    await Promise.resolve();
    expect(asked).toBe(1);
  });
});
