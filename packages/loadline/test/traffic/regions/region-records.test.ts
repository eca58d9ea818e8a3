import { type RegionRecordsOptions, readRegionPlan, regionRecords } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';

const plan = readRegionPlan({
  regions: {
    eu: { host: '10.1.0.1', port: 443, weight: 3 },
    us: { host: 'us.example.test', port: 443 },
    ap: { host: '2001:db8::1', port: 443 },
  },
  areas: { jp: [['ap']] },
  elsewhere: [['us'], ['eu']],
});
const name = 'api.example.test';

describe('regionRecords()', () => {
  it('writes no weight that DNS would refuse', () => {
    const heavy = readRegionPlan({ regions: { eu: { host: '10.1.0.1', port: 443, weight: 256 } } });
    const { spec } = regionRecords(heavy, { name, policy: 'weighted' });
    expect(spec.endpoints[0]?.providerSpecific).toEqual([{ name: 'aws/weight', value: '255' }]);
  });

  it('writes weights', () => {
    const { spec } = regionRecords(plan, { name, policy: 'weighted' });
    expect(spec.endpoints).toMatchObject([
      {
        recordType: 'A',
        targets: ['10.1.0.1'],
        setIdentifier: 'eu',
        providerSpecific: [{ name: 'aws/weight', value: '3' }],
      },
      { recordType: 'CNAME', targets: ['us.example.test'], providerSpecific: [{ value: '1' }] },
      { recordType: 'AAAA', targets: ['2001:db8::1'], recordTTL: 60 },
    ]);
  });

  it('writes a first and a second', () => {
    const { spec } = regionRecords(plan, { name, policy: 'failover', ttlSeconds: 10 });
    expect(
      spec.endpoints.map(({ setIdentifier, providerSpecific }) => [
        setIdentifier,
        providerSpecific[0]?.value,
      ]),
    ).toEqual([
      ['us', 'PRIMARY'],
      ['eu', 'SECONDARY'],
    ]);
  });

  it('writes countries, and what holds for everybody else', () => {
    const { spec, metadata } = regionRecords(plan, { name, policy: 'geo' });
    expect(metadata.name).toBe('api-example-test');
    expect(
      spec.endpoints.map(({ targets, providerSpecific }) => [targets[0], providerSpecific[0]?.value]),
    ).toEqual([
      ['2001:db8::1', 'JP'],
      ['us.example.test', '*'],
    ]);
  });

  it.each(['', 'api', 'api..test', '-a.test', 'a b.test', `${'a'.repeat(64)}.test`])(
    'refuses %j as the name of a service',
    (wrong) => {
      expect(() => regionRecords(plan, { name: wrong, policy: 'weighted' })).toThrow(
        expect.objectContaining({
          code: 'TRAFFIC_OPTIONS_INVALID',
          message: expect.stringMatching(/name must/),
        }),
      );
    },
  );

  it('refuses areas that are no countries only where it goes by areas', () => {
    const regions = { eu: { host: '10.1.0.1', port: 443 } };
    const byName = readRegionPlan({ regions, areas: { jp: [['eu']], europe: [['eu']], 'de-by': [['eu']] } });
    expect(() => regionRecords(byName, { name, policy: 'geo' })).toThrow(
      'Cannot write regions as DNS records: areas.europe must be the code of a country, two letters, where DNS is to go by areas; areas.de-by must',
    );
    expect(regionRecords(byName, { name, policy: 'failover' }).spec.endpoints).toHaveLength(1);
  });

  it('refuses options that it does not know, and asks whether another was meant', () => {
    // Plain JavaScript may give what the types refuse.
    const misspelt = { name, ttlseconds: 10, policy: 'weigthed' } as unknown as RegionRecordsOptions;
    expect(() => regionRecords(plan, misspelt)).toThrow(
      expect.objectContaining({
        code: 'TRAFFIC_OPTIONS_INVALID',
        message: expect.stringMatching(/did you mean ttlSeconds\?.*did you mean weighted\?/),
      }),
    );
  });
});
