import { describe, expect, it } from 'vitest';
import { guideHealthCheck } from '../../../src/traffic/balance/health-check.ts';
import {
  type HaproxyServerSettings,
  planHaproxy,
  serverParameters,
} from '../../../src/traffic/drivers/haproxy-plan.ts';
import { type HaproxyServer, readServers } from '../../../src/traffic/drivers/haproxy-servers.ts';
import type { WantedUpstream } from '../../../src/traffic/upstream.ts';

const settings: HaproxyServerSettings = {
  healthCheck: guideHealthCheck,
  slowStartMs: 0,
  requestsMax: 100,
  zone: undefined,
};

function wanted(id: string, further: Partial<WantedUpstream> = {}): WantedUpstream {
  return { id, host: '10.0.0.1', port: 80, mode: 'serving', ...further };
}

function server(id: string, further: Partial<HaproxyServer> = {}): HaproxyServer {
  const state = { status: 'up', inFlight: 0, weight: 1, isInMaintenance: false, isDraining: false } as const;
  return { id, host: '10.0.0.1', port: 80, ...state, requestsMax: 100, ...further };
}

function plan(there: readonly HaproxyServer[], list: readonly WantedUpstream[]): string[] {
  return planHaproxy('api', there, { wanted: list, settings }).flatMap(({ orders }) => orders);
}

describe('planHaproxy()', () => {
  it('says nothing where all is as it should be', () => {
    expect(
      plan(
        [server('a'), server('b', { isDraining: true })],
        [wanted('a'), wanted('b', { mode: 'draining' })],
      ),
    ).toEqual([]);
  });

  it('lets a new one come in down, so that its own checks bring it up', () => {
    expect(plan([], [wanted('a', { weight: 3 })])).toEqual([
      'add server api/a 10.0.0.1:80 weight 3 maxconn 100 check inter 10000ms fastinter 1000ms downinter 1000ms rise 2 fall 3',
      'enable health api/a; set server api/a state drain; set server api/a health down; set server api/a state ready',
    ]);
  });

  it('gives those that are there another limit where it has changed', () => {
    expect(plan([server('a', { requestsMax: 50 })], [wanted('a')])).toEqual(['set maxconn server api/a 100']);
    expect(plan([server('a', { requestsMax: undefined })], [wanted('a', { mode: 'draining' })])).toEqual([
      'set maxconn server api/a 100',
      'set server api/a state drain',
    ]);
  });

  it('adds before it removes', () => {
    const ids = planHaproxy('api', [server('old')], { wanted: [wanted('new')], settings }).map(
      ({ id }) => id,
    );
    expect(ids).toEqual(['new', 'old']);
  });

  it('goes on where it was left halfway', () => {
    expect(plan([server('a', { isInMaintenance: true })], [wanted('a')])[0]).toMatch(
      /^enable health api\/a;/,
    );
    expect(plan([server('a', { isInMaintenance: true })], [])).toHaveLength(3);
  });

  it('drains, takes back, and weighs', () => {
    expect(plan([server('a')], [wanted('a', { mode: 'draining' })])).toEqual([
      'set server api/a state drain',
    ]);
    expect(plan([server('a', { isDraining: true })], [wanted('a')])).toEqual([
      'set server api/a state ready',
    ]);
    expect(plan([server('a')], [wanted('a', { weight: 256 })])).toEqual(['set server api/a weight 256']);
    expect(plan([server('a')], [wanted('a', { weight: 0 })])).toEqual(['set server api/a weight 0']);
    expect(plan([server('a')], [wanted('a', { weight: 0.2 })])).toEqual([]);
  });

  it('never tells of one that drains and is not there', () => {
    expect(plan([], [wanted('a', { mode: 'draining' })])).toEqual([]);
  });

  it('replaces one at another address', () => {
    const orders = plan([server('a', { port: 81 })], [wanted('a')]);
    expect(orders[2]).toBe('del server api/a');
    expect(orders[3]).toMatch(/^add server api\/a 10\.0\.0\.1:80 /);
  });
});

describe('serverParameters()', () => {
  it('keeps other zones in reserve, and brackets what has colons', () => {
    const inZone = { ...settings, zone: 'one', slowStartMs: 5000 };
    expect(serverParameters(wanted('a', { zone: 'two', host: '::1' }), inZone)).toMatch(
      /^\[::1\]:80 .* slowstart 5000ms backup$/,
    );
    expect(serverParameters(wanted('a', { zone: 'one' }), inZone)).not.toMatch(/backup/);
    expect(serverParameters(wanted('a'), inZone)).not.toMatch(/backup/);
  });
});

describe('readServers()', () => {
  const stateOf = (rows: readonly string[]): string =>
    [
      '1',
      '# be_id be_name srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port',
      ...rows,
    ].join('\n');
  const statOf = (rows: readonly string[]): string =>
    ['# pxname,svname,qcur,scur,check_status,used_conn_cur,slim,', ...rows].join('\n');

  it('reads what HAProxy says, by the names of its columns', () => {
    const state = stateOf([
      '3 api up 10.0.0.1 2 0 1 80',
      '3 api slowly 10.0.0.1 1 0 1 80',
      '3 api draining 10.0.0.1 2 8 1 80',
      '3 api drainingAndDown 10.0.0.1 0 8 1 80',
      '3 api maintained 10.0.0.1 0 1 1 80',
      '3 api new 10.0.0.1 0 0 1 80',
      '3 api once 10.0.0.1 0 0 1 80',
      '3 api failing 10.0.0.1 0 0 1 80',
      '3 api young 10.0.0.1 0 0 7 80',
    ]);
    const stat = statOf([
      'api,up,1,2,L7OK,3,50,',
      'api,slowly,0,0,L7OK,0,',
      'api,draining,0,4,L7OK,0,',
      'api,drainingAndDown,0,0,L4CON,0,',
      'api,maintained,0,0,L7OK,0,',
      'api,new,0,0,INI,0,',
      'api,once,0,0,* L7OK,0,',
      'api,failing,0,0,* L7STS,0,',
    ]);
    const seen = readServers(state, stat).map(({ id, status, inFlight }) => [id, status, inFlight]);
    expect(seen).toEqual([
      ['up', 'up', 4],
      ['slowly', 'up', 0],
      ['draining', 'draining', 4],
      ['drainingAndDown', 'draining', 0],
      ['maintained', 'down', 0],
      ['new', 'starting', 0],
      ['once', 'starting', 0],
      ['failing', 'down', 0],
      // It came between the two answers: nobody knows yet that nothing is in flight.
      ['young', 'starting', 1],
    ]);
    const limits = readServers(state, stat).map(({ requestsMax }) => requestsMax);
    expect(limits.slice(0, 2)).toEqual([50, undefined]);
  });

  it.each([
    ['Permission denied', statOf([])],
    [stateOf([]), 'No such proxy.'],
    [stateOf(['3 api a']), statOf([])],
    ['', ''],
  ])('refuses %j and %j', (state, stat) => {
    expect(() => readServers(state, stat)).toThrow(/HAProxy does not tell its servers/);
  });
});
