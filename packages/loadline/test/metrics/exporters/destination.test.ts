import { isLoadlineError, type LoadlineError } from 'loadline/base';
import { createOtlpExporter, createRemoteWriteExporter } from 'loadline/metrics/exporters';
import { describe, expect, it } from 'vitest';
import { parseDestination } from '../../../src/metrics/exporters/destination.ts';

function refusalOf(create: () => unknown): LoadlineError {
  try {
    create();
  } catch (error) {
    if (isLoadlineError(error, 'METRICS_EXPORT_INVALID')) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('an address for metrics', () => {
  it.each(['', 'localhost:4318', 'ftp://127.0.0.1/', 'http://', '/v1/metrics'])('is not %j', (url) => {
    expect(refusalOf(() => createOtlpExporter({ url })).message).toContain(
      'the address is no http: or https: URL',
    );
  });

  it('loses its user and password, which become a header, also where they are badly encoded', () => {
    const parsed = (url: string) => parseDestination({ url }, { path: '/in', own: {} });
    const basic = (credentials: string) => ({
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    });
    const { url, headers, name } = parsed('https://me:p%40ss@receiver.test?key=1');
    expect(url.href).toBe('https://receiver.test/in?key=1');
    expect(headers).toEqual(basic('me:p@ss'));
    expect(name).toBe('https://receiver.test/in');
    expect(parsed('http://me:p%zz@receiver.test/').headers).toEqual(basic('me:p%zz'));
  });

  it('is refused with everything that is wrong, and no value of a header', () => {
    const headers = {
      authorization: 'Bearer s3cret\r\nx: y',
      'Content-Type': 's3cret',
      host: 's3cret',
      'no name': 's3cret',
    };
    const labels = { job: 'loadline', 'no-name': 'a', __name__: 'b' };
    const error = refusalOf(() =>
      createRemoteWriteExporter({ url: 'http://me:s3cret@h/?k=s3cret', headers, labels }),
    );
    expect(error.message).toBe(
      'Cannot send metrics to http://h/: the value of header authorization has a character that none may have; ' +
        "the header Content-Type is the protocol's own; the header host is the protocol's own; " +
        '"no name" is no name of a header; "no-name" is no name of a label, or one of Prometheus\'s own; ' +
        '"__name__" is no name of a label, or one of Prometheus\'s own.',
    );
    expect(JSON.stringify(error.facts)).not.toContain('s3cret');
  });
});
