import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { jsonOf } from '../../src/http/json-of.ts';
import { SharedAnswers } from '../../src/sharing/index.ts';
import { startPlane } from '../plane.ts';

describe('the JSON of an answer', () => {
  it('is written once where many get it', async () => {
    const answers = new SharedAnswers<{ readonly city: string }>({
      clock: createVirtualClock(),
      keptMs: 1000,
    });
    const answer = await answers.get('city', async () => ({ city: 'Zürich' }));
    const bytes = jsonOf(answer);
    expect(String(bytes)).toBe('{"city":"Zürich"}');
    expect(jsonOf(answer)).toBe(bytes);
  });

  it('is written anew of whatever may have changed', () => {
    const answer = { count: 1 };
    expect(jsonOf(answer)).toBe('{"count":1}');
    answer.count = 2;
    expect(jsonOf(answer)).toBe('{"count":2}');
  });

  it('comes as any other answer does', async () => {
    await using plane = await startPlane();
    const shared = await plane.ask('viewer', 'GET', '/performance/metrics');
    const other = await plane.ask('viewer', 'GET', '/instances');
    for (const { headers, text } of [shared, other]) {
      expect(headers['content-type']).toBe('application/json; charset=utf-8');
      expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
    }
    expect(shared.json.items).toEqual([]);
  });
});
