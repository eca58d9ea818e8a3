import { describe, expect, it } from 'vitest';
import { Outbox } from '../../../src/load/transports/outbox.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Outbox', () => {
  it('sends nothing before the turn of the event loop ends, and then all in order', async () => {
    const outbox = new Outbox();
    const left: number[] = [];
    for (const number of [1, 2, 3]) outbox.add({ leave: () => left.push(number) });
    await Promise.resolve();
    expect(left).toEqual([]);
    await turn();
    expect(left).toEqual([1, 2, 3]);
  });

  it('sends what is added while it is being emptied in the next turn', async () => {
    const outbox = new Outbox();
    const left: string[] = [];
    const late = { leave: () => left.push('late') };
    outbox.add({
      leave: () => {
        left.push('first');
        outbox.add(late);
      },
    });
    outbox.add({ leave: () => left.push('second') });
    await turn();
    expect(left).toEqual(['first', 'second']);
    await turn();
    expect(left).toEqual(['first', 'second', 'late']);
    await turn();
    expect(left).toHaveLength(3);
  });
});
