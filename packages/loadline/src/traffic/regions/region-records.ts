import { isIP } from 'node:net';
import { type Field, parse, show } from '../../base/index.ts';
import { optionsError } from '../options-error.ts';
import type { Region, RegionPlan } from './region-plan.ts';

/** What the records of a service say, and for how long. */
export interface RegionRecordsOptions {
  /** Of the service, whole: `api.example.test`. */
  readonly name: string;
  /** How long resolvers keep an answer, and so how long a failover takes at most. Default 60. */
  readonly ttlSeconds?: number;
  /**
   * `weighted`: everybody by weight over all regions; `failover`: the first of `elsewhere`, and the others when it is down;
   * `geo`: each area, taken for the code of a country, to its nearest region, and everybody else by `elsewhere`.
   */
  readonly policy: 'weighted' | 'failover' | 'geo';
}

/** An object for Kubernetes' external-dns, which knows the DNS services. */
export interface DnsEndpoint {
  readonly apiVersion: 'externaldns.k8s.io/v1alpha1';
  readonly kind: 'DNSEndpoint';
  readonly metadata: { readonly name: string };
  readonly spec: { readonly endpoints: readonly DnsRecord[] };
}

/** One record of a `DNSEndpoint`. */
export interface DnsRecord {
  readonly dnsName: string;
  readonly recordType: 'A' | 'AAAA' | 'CNAME';
  readonly recordTTL: number;
  /** Tells records of one name apart. */
  readonly setIdentifier: string;
  readonly targets: readonly string[];
  readonly providerSpecific: readonly { readonly name: string; readonly value: string }[];
}

/**
 * Writes a plan as DNS records. Pure. DNS knows less than a proxy: it spreads those who ask, not requests; it does not see who
 * is full; and clients keep what they were told for longer than they should. The properties are those of Route 53.
 *
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID, also where areas are no countries and the policy is `geo`.
 */
export function regionRecords(plan: RegionPlan, options: RegionRecordsOptions): DnsEndpoint {
  const { name, ttlSeconds, policy } = completeOptions(options);
  if (policy === 'geo') checkAreas(plan);
  const record = (
    region: Region,
    identifier: string,
    properties: Readonly<Record<string, string>>,
  ): DnsRecord => ({
    dnsName: name,
    recordType: isIP(region.host) === 4 ? 'A' : isIP(region.host) === 6 ? 'AAAA' : 'CNAME',
    recordTTL: ttlSeconds,
    setIdentifier: identifier,
    targets: [region.host],
    providerSpecific: Object.entries(properties).map(([property, value]) => ({
      name: `aws/${property}`,
      value,
    })),
  });
  return {
    apiVersion: 'externaldns.k8s.io/v1alpha1',
    kind: 'DNSEndpoint',
    metadata: { name: name.replaceAll('.', '-').toLowerCase() },
    spec: { endpoints: recordsOf[policy](plan, record) },
  };
}

function completeOptions(options: RegionRecordsOptions): Required<RegionRecordsOptions> {
  const parsed = parse(options, (root): Required<RegionRecordsOptions> => {
    const fields = root.object(['name', 'ttlSeconds', 'policy']);
    return {
      name: readName(fields.required('name')),
      ttlSeconds:
        fields.optional('ttlSeconds')?.number({ atLeast: 1, atMost: 2_147_483_647, whole: true }) ?? 60,
      policy: fields.required('policy').oneOf(['weighted', 'failover', 'geo']),
    };
  });
  if (parsed.ok) return parsed.value;
  throw optionsError('write regions as DNS records', parsed.problems);
}

/** A fully qualified one, of the letters, digits and dashes that names of hosts have (RFC 1123, section 2.1). */
function readName(field: Field): string {
  const name = field.string();
  const labels = name.split('.');
  const isName = name.length <= 253 && labels.length > 1 && labels.every((label) => labelPattern.test(label));
  if (name !== '' && !isName)
    field.problem(`must be a name in DNS, like api.example.test, got ${show(field.value)}`);
  return name;
}

const labelPattern = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/i;

/** As the DNS service wants them: it would refuse others much later. */
function checkAreas({ areas }: RegionPlan): void {
  const strange = [...areas.keys()].filter((area) => !/^[a-z]{2}$/i.test(area));
  const message = 'must be the code of a country, two letters, where DNS is to go by areas';
  const problems = strange.map((area) => ({ path: ['areas', area], message }));
  if (problems.length > 0) throw optionsError('write regions as DNS records', problems);
}

type WriteRecord = (
  region: Region,
  identifier: string,
  properties: Readonly<Record<string, string>>,
) => DnsRecord;

const recordsOf: Record<
  RegionRecordsOptions['policy'],
  (plan: RegionPlan, record: WriteRecord) => DnsRecord[]
> = {
  // Proxies count to 256, Route 53 to 255.
  weighted: ({ regions }, record) =>
    regions.map((region) => record(region, region.name, { weight: String(Math.min(255, region.weight)) })),
  // DNS has a first and a second, no third.
  failover: (plan, record) =>
    inOrder(plan)
      .slice(0, 2)
      .map((region, index) =>
        record(region, region.name, { failover: index === 0 ? 'PRIMARY' : 'SECONDARY' }),
      ),
  geo: (plan, record) => [
    ...[...plan.areas].map(([area, steps]) => {
      const nearest = find(plan, steps[0]?.[0]);
      return record(nearest, area, { 'geolocation-country-code': area.toUpperCase() });
    }),
    record(inOrder(plan)[0] as Region, 'elsewhere', { 'geolocation-country-code': '*' }),
  ],
};

function inOrder(plan: RegionPlan): Region[] {
  return plan.elsewhere.flat().map((name) => find(plan, name));
}

function find({ regions }: RegionPlan, name: string | undefined): Region {
  return regions.find((region) => region.name === name) as Region;
}
