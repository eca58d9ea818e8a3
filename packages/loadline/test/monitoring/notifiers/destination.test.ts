import { isLoadlineError, type LoadlineError } from 'loadline/base';
import { createAlertmanagerNotifier, createWebhookNotifier } from 'loadline/monitoring/notifiers';
import { describe, expect, it } from 'vitest';
import { parseDestination } from '../../../src/monitoring/notifiers/destination.ts';

function refusalOf(create: () => unknown): LoadlineError {
  try {
    create();
  } catch (error) {
    if (isLoadlineError(error, 'MONITORING_NOTIFIER_INVALID')) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('where a notifier sends to', () => {
  it.each(['', 'localhost:9093', 'ftp://127.0.0.1/', 'file:///etc/passwd', '/in'])('is not %j', (url) => {
    expect(refusalOf(() => createWebhookNotifier({ url })).message).toContain(
      'the address is no http: or https: URL',
    );
  });

  it('loses its user and password, which become a header, and shows no path', () => {
    const { url, headers, name } = parseDestination(
      { url: 'https://me:p%40ss@chat.test/services/T0/s3cret' },
      { notifier: 'webhook', own: [] },
    );
    expect(url.href).toBe('https://chat.test/services/T0/s3cret');
    expect(headers).toEqual({ authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}` });
    expect(name).toBe('https://chat.test');
  });

  it('is refused with everything that is wrong, and no secret', () => {
    const error = refusalOf(() =>
      createWebhookNotifier({
        url: 'mailto:s3cret',
        secret: 's3cret',
        headers: {
          authorization: 's3cret\r\nx: y',
          Host: 's3cret',
          'webhook-id': 's3cret',
          'no name': 's3cret',
        },
      }),
    );
    expect(error.message).toBe(
      'Cannot use the webhook as it is set: the address is no http: or https: URL; the value of header authorization has ' +
        'a character that none may have; the header Host is the notifier’s own; the header webhook-id is the notifier’s own; ' +
        '"no name" is no name of a header; the secret has fewer than 24 bytes.',
    );
    expect(JSON.stringify(error.facts)).not.toContain('s3cret');
    expect(
      refusalOf(() => createAlertmanagerNotifier({ url: 'http://h', alertsUrl: 'here' })).message,
    ).toContain('alertsUrl');
  });
});
