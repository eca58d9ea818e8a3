import { describe, expect, it } from 'vitest';
import { createLinkEnd } from '../../../src/load/workers/link-end.ts';

function linkEnd() {
  const sent: string[] = [];
  let closed = 0;
  const end = createLinkEnd<string, string>('worker 1', {
    send: (message) => sent.push(message),
    close: () => closed++,
  });
  return { ...end, sent, closed: () => closed };
}

describe('the end of a link', () => {
  it('keeps what comes until somebody receives it', () => {
    const { link, deliver } = linkEnd();
    const received: string[] = [];
    deliver('a');
    deliver('b');
    link.receive((message) => received.push(message));
    deliver('c');
    expect(received).toEqual(['a', 'b', 'c']);
  });

  it('tells of its loss once, also to who asks later', () => {
    const { link, lose } = linkEnd();
    const told: string[] = [];
    lose('it ended');
    lose('its channel was closed');
    link.onLost((because) => told.push(because));
    expect(told).toEqual(['it ended']);
  });

  it('sends nothing after it was lost', () => {
    const { link, lose, sent } = linkEnd();
    link.send('a');
    lose('it ended');
    link.send('b');
    expect(sent).toEqual(['a']);
  });

  it('is closed once, and then neither sends nor hands over nor tells of a loss', () => {
    const { link, deliver, lose, sent, closed } = linkEnd();
    const seen: string[] = [];
    link.receive((message) => seen.push(message));
    link.onLost((because) => seen.push(because));
    link.close();
    link.close();
    link.send('a');
    deliver('b');
    lose('it ended');
    expect([seen, sent, closed()]).toEqual([[], [], 1]);
  });
});
