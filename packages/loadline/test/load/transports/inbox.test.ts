import { expect, it } from 'vitest';
import { Inbox } from '../../../src/load/transports/inbox.ts';

const any = () => true;

function message(text: string) {
  return { event: undefined, body: Buffer.from(text), receivedMs: 0 };
}

function textsOf(inbox: Inbox): string[] {
  const texts = [];
  for (let next = inbox.take(any); next !== undefined; next = inbox.take(any))
    texts.push(next.body.toString());
  return texts;
}

it('an inbox gives messages in the order in which they came', () => {
  const inbox = new Inbox({ messagesMax: 10, bytesMax: 100 });
  for (const text of ['a', 'b', 'c']) inbox.put(message(text));
  expect(inbox.take(({ body }) => body.toString() === 'b')?.body.toString()).toBe('b');
  expect(textsOf(inbox)).toEqual(['a', 'c']);
});

it('an inbox forgets the oldest beyond its number, and says how many', () => {
  const inbox = new Inbox({ messagesMax: 2, bytesMax: 100 });
  expect(['a', 'b', 'c', 'd'].map((text) => inbox.put(message(text)))).toEqual([0, 0, 1, 1]);
  expect(textsOf(inbox)).toEqual(['c', 'd']);
});

it('an inbox forgets the oldest beyond its bytes, but never the newest', () => {
  const inbox = new Inbox({ messagesMax: 10, bytesMax: 4 });
  expect(['aa', 'bb', 'cc', 'longer than all'].map((text) => inbox.put(message(text)))).toEqual([0, 0, 1, 2]);
  expect(textsOf(inbox)).toEqual(['longer than all']);
});

it('an inbox has its whole room again when its messages are taken', () => {
  const inbox = new Inbox({ messagesMax: 10, bytesMax: 4 });
  for (let round = 0; round < 3; round++) {
    expect([inbox.put(message('aa')), inbox.put(message('bb'))]).toEqual([0, 0]);
    expect(textsOf(inbox)).toEqual(['aa', 'bb']);
  }
});

it('an inbox keeps bytes that were only lent', () => {
  const inbox = new Inbox({ messagesMax: 10, bytesMax: 100 });
  const lent = message('mine');
  inbox.put(lent);
  lent.body.fill('x');
  expect(textsOf(inbox)).toEqual(['mine']);
});
