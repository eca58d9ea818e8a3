import { isIP } from 'node:net';
import { type Field, parse } from '../../base/index.ts';
import { plainName, whole } from '../drivers/plain-words.ts';
import { optionsError } from '../options-error.ts';

/** A place where the service runs as a whole, and where it takes requests. */
export interface Region {
  readonly name: string;
  /** An IP address, or a name for what is resolved by DNS. */
  readonly host: string;
  readonly port: number;
  /** Its share beside regions that are as near, 1 to 256. Default 1. */
  readonly weight: number;
  /** Requests at once from which on it counts as full; undefined for never. */
  readonly fullAt: number | undefined;
}

/** Who is served where. */
export interface RegionPlan {
  readonly regions: readonly Region[];
  /**
   * For each area that clients come from, the regions from the nearest to the farthest; those of one step share by weight.
   * Regions that an area leaves out serve it last, in the order in which they are written.
   */
  readonly areas: ReadonlyMap<string, Steps>;
  /** Of whoever comes from no area that is known. */
  readonly elsewhere: Steps;
}

/** Names of regions, a step after the other; those of one step are as near. */
export type Steps = readonly (readonly string[])[];

/**
 * Reads a plan as people write it:
 *
 * ```yaml
 * regions:
 *   eu: { host: 10.1.0.1, port: 443, weight: 3, fullAt: 2000 }
 *   us: { host: 10.2.0.1, port: 443 }
 * areas:
 *   de: [[eu], [us]]
 * elsewhere: [[eu, us]]
 * ```
 *
 * `elsewhere` is by default a single step of all.
 *
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID with every problem.
 */
export function readRegionPlan(written: unknown): RegionPlan {
  const parsed = parse(written, (root): RegionPlan => {
    const plan = root.object(['regions', 'areas', 'elsewhere']);
    const regions = entriesOf(plan.required('regions')).map(readRegion);
    if (regions.length === 0) plan.required('regions').problem('must name a region at least');
    const names = regions.map(({ name }) => name);
    const areas = plan.optional('areas');
    const elsewhere = plan.optional('elsewhere');
    return {
      regions,
      areas: areas === undefined ? new Map() : readAreas(areas, names),
      elsewhere: elsewhere === undefined ? [names] : completed(readSteps(elsewhere, names), names),
    };
  });
  if (parsed.ok) return parsed.value;
  throw optionsError('plan regions', parsed.problems);
}

function readRegion([name, field]: readonly [string, Field]): Region {
  const region = field.object(['host', 'port', 'weight', 'fullAt']);
  if (/^\d+$/.test(name))
    field.problem('must have a name that is no whole number: a map does not keep the order of such ones');
  const host = region.required('host').string();
  const isHost = isIP(host) !== 0 || hostName.test(host);
  if (host !== '' && !isHost) region.required('host').problem('must be an IP address or a host name');
  return {
    name,
    host,
    port: region.required('port').number({ atLeast: 1, atMost: 65_535, whole: true }),
    weight: region.optional('weight')?.number({ atLeast: 1, atMost: 256, whole: true }) ?? 1,
    fullAt: region.has('fullAt') ? whole(region, 'fullAt', 1, 1) : undefined,
  };
}

function readAreas(areas: Field, names: readonly string[]): ReadonlyMap<string, Steps> {
  return new Map(
    entriesOf(areas).map(([area, field]) => {
      // It is what HAProxy and DNS call those who come from no area that is known.
      if (area.toLowerCase() === 'elsewhere')
        field.problem('must have another name: how those from elsewhere are served stands beside areas');
      return [area.toLowerCase(), completed(readSteps(field, names), names)];
    }),
  );
}

const hostName =
  /^[A-Za-z\d](?:[A-Za-z\d-]{0,61}[A-Za-z\d])?(?:\.[A-Za-z\d](?:[A-Za-z\d-]{0,61}[A-Za-z\d])?)*$/;

function readSteps(field: Field, names: readonly string[]): Steps {
  const used = new Set<string>();
  return field.array((step) =>
    step.array((entry) => {
      const name = entry.oneOf(names);
      // Of one that is none of them, that alone is told.
      if (name === entry.value && used.has(name)) entry.problem(`must not be there twice, and ${name} is`);
      used.add(name);
      return name;
    }),
  );
}

/** Nobody is turned away while any region is up. */
function completed(steps: Steps, names: readonly string[]): Steps {
  const named = new Set(steps.flat());
  const rest = names.filter((name) => !named.has(name)).map((name) => [name]);
  return [...steps.filter((step) => step.length > 0), ...rest];
}

function entriesOf(field: Field): [string, Field][] {
  const { value } = field;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    field.problem('must be a map from names');
    return [];
  }
  const entries = Object.keys(value).map((key): [string, Field] => [key, field.at(key)]);
  checkNames(entries);
  return entries;
}

/** They stand in configurations, where a `-` begins an option, and where case does not count everywhere. */
function checkNames(entries: readonly (readonly [string, Field])[]): void {
  const seen = new Map<string, string>();
  for (const [name, field] of entries) {
    const alike = seen.get(name.toLowerCase());
    if (!plainName.pattern.test(name))
      field.problem(`must have a name of at most 64 letters, digits, _, . and -${plainInstead(name)}`);
    else if (name.startsWith('-'))
      field.problem('must have a name that does not begin with -: HAProxy takes it for an option');
    else if (alike !== undefined)
      field.problem(`must have a name that differs from ${alike} in more than case`);
    seen.set(name.toLowerCase(), name);
  }
}

/** What could stand for a name with blanks and the like. */
function plainInstead(name: string): string {
  const plain = name.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return plainName.pattern.test(plain) ? `; did you mean ${plain}?` : '';
}
