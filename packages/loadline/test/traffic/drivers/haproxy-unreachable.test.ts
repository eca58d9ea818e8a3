import { describe, expect, it } from 'vitest';
import { type SocketOwner, whyUnreachable } from '../../../src/traffic/drivers/haproxy-unreachable.ts';

const socket = { socketPath: '/run/haproxy.sock' };
const start =
  'Start HAProxy, as by `haproxy -W -f FILE`, with this line in the `global` section of the file: `stats socket';

function explain(
  code: string | undefined,
  { where = socket, owner }: { where?: Parameters<typeof whyUnreachable>[0]; owner?: SocketOwner } = {},
): string {
  const error = Object.assign(new Error('it broke off'), code === undefined ? {} : { code });
  return whyUnreachable(where, error, { owner, user: 1000 });
}

describe('a HAProxy that does not answer', () => {
  it('is to be started, with the line by which it takes orders there', () => {
    expect(explain('ENOENT')).toBe(
      `there is no such socket. ${start} /run/haproxy.sock mode 600 expose-fd listeners level admin\`.`,
    );
    expect(explain('ECONNREFUSED', { where: { host: '::1', port: 9999 } })).toBe(
      `nobody listens there. ${start} ipv6@[::1]:9999 level admin\`.`,
    );
  });

  it('may be there for others: then it is told whose its socket is', () => {
    expect(explain('EACCES', { owner: { uid: 99, gid: 98, mode: 0o140600 } })).toBe(
      'this process, of user 1000, may not write to the socket, which is of user 99 and group 98, with mode 600. Start this process as the user of HAProxy, or let others in by `user`, `group` and `mode 660` in the line `stats socket` of its configuration.',
    );
    expect(explain('EACCES')).toContain('which is out of reach for it.');
  });

  it('is told in its own words where nobody knows better', () => {
    expect(explain(undefined)).toBe('it broke off.');
  });
});
