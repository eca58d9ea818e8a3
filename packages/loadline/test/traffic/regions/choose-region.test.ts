import fc from 'fast-check';
import { createRandom } from 'loadline/base';
import { chooseRegion, readRegionPlan, type SeenRegion, stepsByLatency } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';

const plan = readRegionPlan({
  regions: {
    eu: { host: '10.1.0.1', port: 443, weight: 3 },
    eu2: { host: '10.1.0.2', port: 443, fullAt: 100 },
    us: { host: '10.2.0.1', port: 443 },
    ap: { host: '10.3.0.1', port: 443 },
  },
  areas: { de: [['eu', 'eu2'], ['us']], jp: [['ap']] },
});
const well: SeenRegion = { isUp: true, inFlight: 0, warmRatio: 1 };

function seenWith(further: Readonly<Record<string, Partial<SeenRegion>>> = {}): Map<string, SeenRegion> {
  return new Map(plan.regions.map(({ name }) => [name, { ...well, ...further[name] }]));
}

/** How a thousand requests from an area are spread. */
function spread(area: string, seen: ReadonlyMap<string, SeenRegion>): Record<string, number> {
  const random = createRandom('regions');
  const counts: Record<string, number> = {};
  for (let request = 0; request < 1000; request++) {
    const { region } = chooseRegion({ plan, area, seen, pick: random(), warm: random() });
    counts[region] = (counts[region] ?? 0) + 1;
  }
  return counts;
}

describe('chooseRegion()', () => {
  it('spreads an area over the regions of its nearest step, by their weights', () => {
    const counts = spread('DE', seenWith());
    expect(Object.keys(counts).toSorted()).toEqual(['eu', 'eu2']);
    expect(counts.eu).toBeGreaterThan(700);
    expect(counts.eu).toBeLessThan(800);
  });

  it('spreads those from nowhere that is known over all', () => {
    expect(Object.keys(spread('??', seenWith()))).toHaveLength(4);
  });

  it('gives what one cannot take to one that is as near, then to the next', () => {
    expect(spread('de', seenWith({ eu: { isUp: false } }))).toEqual({ eu2: 1000 });
    expect(spread('de', seenWith({ eu2: { inFlight: 100 } }))).toEqual({ eu: 1000 });
    expect(spread('de', seenWith({ eu: { isUp: false }, eu2: { inFlight: 100 } }))).toEqual({ us: 1000 });
    // Those that an area does not name come last.
    expect(spread('jp', seenWith({ ap: { isUp: false }, eu: { isUp: false } }))).toEqual({ eu2: 1000 });
  });

  it('gives one that came back a part of its share', () => {
    const counts = spread('jp', seenWith({ ap: { warmRatio: 0.2 } }));
    expect(counts.ap).toBeGreaterThan(150);
    expect(counts.ap).toBeLessThan(250);
    expect(counts.eu).toBe(1000 - (counts.ap as number));
  });

  it('says why', () => {
    const seen = seenWith({ eu: { isUp: false }, eu2: { inFlight: 100 } });
    expect(chooseRegion({ plan, area: 'de', seen, pick: 0, warm: 0 })).toEqual({
      region: 'us',
      because: 'farther',
      passedOver: [
        { region: 'eu', why: 'down' },
        { region: 'eu2', why: 'full' },
      ],
    });
    expect(chooseRegion({ plan, area: 'de', seen: new Map(), pick: 0, warm: 0 })).toMatchObject({
      region: 'eu',
      because: 'last resort',
    });
  });

  it('gives what nobody takes to the nearest that is up, full or warming up as it is', () => {
    const down = { isUp: false };
    const last = (further: Readonly<Record<string, Partial<SeenRegion>>>, pick = 0): unknown =>
      chooseRegion({ plan, area: 'de', seen: seenWith(further), pick, warm: 0.9 });
    const resort = (region: string): unknown => expect.objectContaining({ region, because: 'last resort' });
    expect(last({ eu: down, eu2: { inFlight: 100 }, us: down, ap: down })).toEqual(resort('eu2'));
    expect(last({ eu: down, eu2: down, us: { warmRatio: 0.1 }, ap: down })).toEqual(resort('us'));
    // Where all are down the checks may be wrong: then as if they were up.
    const all = { eu: down, eu2: down, us: down, ap: down };
    expect([last(all), last(all, 0.99)]).toEqual([resort('eu'), resort('eu2')]);
  });

  it('turns nobody away while a region is up and has room', () => {
    const anySeen = fc.record({ isUp: fc.boolean(), inFlight: fc.nat(200), warmRatio: fc.constant(1) });
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('eu', 'eu2', 'us', 'ap'), anySeen),
        fc.constantFrom('de', 'jp', 'elsewhere'),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (seen, area, pick) => {
          const choice = chooseRegion({ plan, area, seen: new Map(Object.entries(seen)), pick, warm: 0.5 });
          const takes = (name: string): boolean => {
            const region = seen[name];
            return region?.isUp === true && (name !== 'eu2' || region.inFlight < 100);
          };
          expect(takes(choice.region)).toBe(['eu', 'eu2', 'us', 'ap'].some(takes));
          const isUp = (name: string): boolean => seen[name]?.isUp === true;
          expect(isUp(choice.region)).toBe(['eu', 'eu2', 'us', 'ap'].some(isUp));
        },
      ),
    );
  });
});

describe('stepsByLatency()', () => {
  it('puts together what is about as near, and what is not known last', () => {
    const latencyMs = { us: 90, eu: 12, eu2: 15, ap: 240, new: Number.NaN };
    expect(stepsByLatency(latencyMs, { withinMs: 5 })).toEqual([['eu', 'eu2'], ['us'], ['ap'], ['new']]);
    expect(stepsByLatency({}, { withinMs: 5 })).toEqual([]);
  });
});

describe('readRegionPlan()', () => {
  it('tells every problem at once', () => {
    const bad = {
      regions: { 'a b': { host: 'x y', port: 0 }, eu: { host: 'eu.example.test', port: 443, weight: 0 } },
      areas: { de: [['eu', 'eu'], ['mars']] },
    };
    expect(() => readRegionPlan(bad)).toThrow(
      expect.objectContaining({
        code: 'TRAFFIC_OPTIONS_INVALID',
        facts: { problems: expect.arrayContaining(new Array(6).fill(expect.anything())) },
      }),
    );
    expect(() => readRegionPlan({ regions: {} })).toThrow(/must name a region at least/);
  });

  it('tells one problem of a region that is misspelt', () => {
    const [eu, us] = ['10.1.0.1', '10.2.0.1'].map((host) => ({ host, port: 443 }));
    const areas = { de: [['eu'], ['su']] };
    expect(() => readRegionPlan({ regions: { eu, us }, areas })).toThrow(
      expect.objectContaining({
        facts: { problems: [expect.objectContaining({ path: ['areas', 'de', 1, 0] })] },
      }),
    );
  });

  it('asks whether another region, or another name, was meant', () => {
    const region = { host: '10.1.0.1', port: 443, wieght: 2 };
    const bad = { regions: { frankfurt: region, 'new york': region }, areas: { de: [['frankfrut']] } };
    expect(() => readRegionPlan(bad)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /new york must have a name of .*; did you mean new-york\?.*frankfurt\.wieght is not known; did you mean weight\?.*must be one of frankfurt, new york, got "frankfrut"; did you mean frankfurt\?/s,
        ),
      }),
    );
  });

  it('refuses names that mean something else where they are written, all at once', () => {
    const region = { host: '10.1.0.1', port: 443 };
    const bad = {
      regions: { eu: region, EU: region, '-us': region, 7: region },
      areas: { de: [['eu']], DE: [['eu']], '-f': [['eu']], elsewhere: [['eu']], 150: [['eu']] },
    };
    let told: unknown;
    try {
      readRegionPlan(bad);
    } catch (error) {
      told = error;
    }
    expect(told).toMatchObject({ code: 'TRAFFIC_OPTIONS_INVALID' });
    const { problems } = (told as { facts: { problems: { path: unknown[]; message: string }[] } }).facts;
    expect(problems.map(({ path, message }) => `${path.join('.')} ${message}`).toSorted()).toEqual([
      expect.stringMatching(/^areas\.-f must have a name that does not begin with -/),
      expect.stringMatching(/^areas\.DE must have a name that differs from de in more than case/),
      expect.stringMatching(/^areas\.elsewhere must have another name/),
      expect.stringMatching(/^regions\.-us must have a name that does not begin with -/),
      expect.stringMatching(/^regions\.7 must have a name that is no whole number/),
      expect.stringMatching(/^regions\.EU must have a name that differs from eu in more than case/),
    ]);
  });
});
