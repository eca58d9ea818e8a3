import type { Series } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { SeriesBook } from '../../src/store/series-book.ts';

const minuteMs = 60_000;

describe('SeriesBook', () => {
  it('knows a series by its content, whichever object it comes in', () => {
    const book = new SeriesBook(2);
    expect(book.find(seriesOf('a'), 0)).toBe(book.find(seriesOf('a'), 1));
    expect(book.find(seriesOf('a'), 0)).not.toBe(book.find(seriesOf('b'), 0));
  });

  it('keeps what a series was, whatever becomes of the object', () => {
    const book = new SeriesBook(2);
    const changing = { ...seriesOf('a'), labels: { zone: 'x' } };
    const known = book.find(changing, 0);
    changing.labels.zone = 'y';
    expect(known).toMatchObject({ series: { labels: { zone: 'x' } } });
    expect(book.find(changing, 0)).not.toBe(known);
  });

  it('shares an object that cannot change', () => {
    const frozen = Object.freeze({ ...seriesOf('a'), labels: Object.freeze({ zone: 'x' }) });
    expect(new SeriesBook(2).find(frozen, 0)).toHaveProperty('series', frozen);
  });

  it('refuses series beyond its limit while all others are in use', () => {
    const book = new SeriesBook(2);
    for (const metric of ['a', 'b']) book.find(seriesOf(metric), 0);
    expect(book.find(seriesOf('c'), 9 * minuteMs)).toBe('is of one more than 2 series');
    expect(book.find(seriesOf('a'), 9 * minuteMs)).toMatchObject({ series: { metric: 'a' } });
  });

  it('forgets what nobody writes any more for one that is new', () => {
    const book = new SeriesBook(2);
    const gone = book.find(seriesOf('a'), 0);
    const used = book.find(seriesOf('b'), 0);
    book.find(seriesOf('b'), 9 * minuteMs);
    expect(book.find(seriesOf('c'), 11 * minuteMs)).toMatchObject({ series: { metric: 'c' } });
    expect(book.find(seriesOf('b'), 11 * minuteMs)).toBe(used);
    expect(book.find(seriesOf('a'), 11 * minuteMs)).toBe('is of one more than 2 series');
    expect(book.find(seriesOf('a'), 22 * minuteMs)).not.toBe(gone);
  });
});

function seriesOf(metric: string): Series {
  return { metric, service: 'shop', unit: 'count' };
}
