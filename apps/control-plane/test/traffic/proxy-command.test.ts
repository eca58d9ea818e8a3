import { describe, expect, it } from 'vitest';
import { type ProxyCommandOptions, proxyCommand } from '../../src/traffic/proxy-command.ts';

const plain: ProxyCommandOptions = {
  listen: { host: '::1', port: 8080 },
  deadlineMs: undefined,
  slowStartMs: 0,
  requestsMax: undefined,
  queueTimeoutMs: undefined,
  trustsForwarded: false,
  state: '/srv/shop.json',
  key: 'k',
};

/** What stands after `loadline proxy`. */
const wordsOf = (further: Partial<ProxyCommandOptions>) => {
  const { args = [] } = proxyCommand({ ...plain, ...further });
  return args.slice(args.indexOf('proxy') + 1).join(' ');
};

describe('the proxy before a service', () => {
  it('is started with what its services file says of it, and with nothing else', () => {
    expect(wordsOf({})).toBe('--listen [::1]:8080 --state /srv/shop.json');
    expect(wordsOf({ deadlineMs: 1500, slowStartMs: 30_000, trustsForwarded: true })).toBe(
      '--listen [::1]:8080 --state /srv/shop.json --deadline 1500ms --slow-start 30000ms --trusts-forwarded',
    );
    expect(wordsOf({ requestsMax: 50, queueTimeoutMs: 10_000 })).toBe(
      '--listen [::1]:8080 --state /srv/shop.json --requests-max 50 --queue-timeout 10000ms',
    );
  });
});
