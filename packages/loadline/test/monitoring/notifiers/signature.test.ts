import { isSignatureValid } from 'loadline/monitoring/notifiers';
import { describe, expect, it } from 'vitest';
import { signMessage } from '../../../src/monitoring/notifiers/signature.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const message = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSeconds: 1_614_265_330,
  body: '{"test": 2432232314}',
};
const headers = signMessage(message, secret);
const received = { headers, body: message.body, nowMs: message.timestampSeconds * 1000 };

describe('a signature', () => {
  it('is that of the published example of Standard Webhooks', () => {
    expect(headers).toEqual({
      'webhook-id': message.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is valid for whoever knows the secret, also among others, and for five minutes', () => {
    expect(isSignatureValid(received, secret)).toBe(true);
    const several = `v2,x v1,AAAA ${headers['webhook-signature']}`;
    expect(
      isSignatureValid({ ...received, headers: { ...headers, 'webhook-signature': several } }, secret),
    ).toBe(true);
    expect(isSignatureValid({ ...received, nowMs: received.nowMs + 300_000 }, secret)).toBe(true);
  });

  it.each<[string, Partial<typeof received>, string?]>([
    ['another secret', {}, 'whsec_AAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    ['another body', { body: '{"test": 2432232315}' }],
    ['another id', { headers: { ...headers, 'webhook-id': 'msg_2' } }],
    ['another time', { headers: { ...headers, 'webhook-timestamp': '1614265331' } }],
    ['a time that is none', { headers: { ...headers, 'webhook-timestamp': '1e9' } }],
    ['an old message', { nowMs: received.nowMs + 300_001 }],
    ['a message of the future', { nowMs: received.nowMs - 300_001 }],
    ['a signature that is none', { headers: { ...headers, 'webhook-signature': 'v1,' } }],
    [
      'a signature of another kind',
      { headers: { ...headers, 'webhook-signature': `v1a${headers['webhook-signature']}` } },
    ],
    ['no headers', { headers: {} }],
  ])('is not valid with %s', (_, said, otherSecret = secret) => {
    expect(isSignatureValid({ ...received, ...said }, otherSecret)).toBe(false);
  });
});
