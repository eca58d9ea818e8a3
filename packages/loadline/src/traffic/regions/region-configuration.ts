import { isIP } from 'node:net';
import { bracketed } from '../../base/index.ts';
import { checksOf, clientsOf, haproxyBasis, lines, retriesOf } from '../drivers/haproxy-configuration.ts';
import {
  completeHaproxyOptions,
  type HaproxyFileSettings,
  type HaproxyOptions,
} from '../drivers/haproxy-options.ts';
import { optionsError } from '../options-error.ts';
import type { Region, RegionPlan, Steps } from './region-plan.ts';

export interface RegionConfigurationOptions extends Omit<HaproxyOptions, 'clock' | 'backend' | 'zone'> {
  readonly file: NonNullable<HaproxyOptions['file']>;
  /**
   * How it is known where a client comes from: by a header that whoever stands before sets, with a country or the like; or by
   * the client's address, which a map of networks leads to an area: HAProxy reads it from this path.
   */
  readonly origin: { readonly header: string } | { readonly networksPath: string };
}

/**
 * Writes a configuration for the HAProxy that stands before the regions. Pure. Each request goes where `chooseRegion` says.
 * A region has a backend of its own, in which the others are in reserve, in the plan's order: what was on its way to one that
 * dies is repeated elsewhere, as far as it may be done twice. One that comes back takes its share over `slowStartMs`.
 *
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID.
 */
export function writeRegionConfiguration(plan: RegionPlan, options: RegionConfigurationOptions): string {
  const { origin, ...rest } = options;
  const settings = completeHaproxyOptions(rest);
  checkPlan(plan, origin);
  const { runtime, healthCheck, slowStartMs } = settings;
  const file = settings.file as HaproxyFileSettings;
  const backends = plan.regions.map((region) => {
    const reserves = reservesOf(plan, region.name);
    return `
backend region-${region.name}
  balance leastconn
${lines(retriesOf({ attemptsMax: file.attemptsMax + errorsMax }))}
${lines(checksOf(healthCheck))}
${lines([region, ...reserves].map((each) => serverLine(each, { home: region, healthCheck, slowStartMs, requestsMax: settings.requestsMax })))}
`;
  });
  return `${haproxyBasis({ runtime, file, checkTimeoutMs: healthCheck.timeoutMs })}
frontend clients
${lines(clientsOf(file))}
${lines(originOf(origin, plan))}
  http-request set-var(txn.pick) rand(${drawMax})
  http-request set-var(txn.warm) rand(${weightMax})
${lines(areasAlike(plan).flatMap(({ name, areas, steps }) => [...membersOf(name, areas), ...rulesOf(plan, name, steps)]))}
${lines(rulesOf(plan, undefined, plan.elsewhere))}
${backends.join('')}`;
}

/** Connections that fail in a row until a region is taken for down, without waiting for its checks. */
const errorsMax = 3;
const drawMax = 1000;
/** HAProxy lets a weight grow during a slow start: of so much, it is what share of the requests one takes. */
const weightMax = 256;

interface ServerContext {
  readonly home: Region;
  readonly healthCheck: {
    readonly intervalMs: number;
    readonly startIntervalMs: number;
    readonly up: number;
    readonly down: number;
  };
  readonly slowStartMs: number;
  readonly requestsMax: number;
}

function serverLine(region: Region, { home, healthCheck, slowStartMs, requestsMax }: ServerContext): string {
  const isHome = region === home;
  const { intervalMs, startIntervalMs, up, down } = healthCheck;
  const address = `${bracketed(region.host)}:${region.port}`;
  const check = isHome
    ? `check inter ${intervalMs}ms fastinter ${startIntervalMs}ms downinter ${startIntervalMs}ms rise ${up} fall ${down} observe layer4 error-limit ${errorsMax} on-error mark-down`
    : // A region is asked once how it is, not once by each other.
      `track region-${region.name}/${region.name} backup`;
  const warming = isHome && slowStartMs > 0 ? ` slowstart ${slowStartMs}ms` : '';
  return `server ${region.name} ${address} weight ${weightMax} maxconn ${requestsMax} ${check}${warming}`;
}

/** The others, in the order in which the region's own area would be served; that of elsewhere, where it has none. */
function reservesOf(plan: RegionPlan, name: string): Region[] {
  const nearest = [...plan.areas.values()].find(([first]) => first?.includes(name)) ?? plan.elsewhere;
  const order = nearest.flat().filter((other) => other !== name);
  return order.map((other) => plan.regions.find((region) => region.name === other) as Region);
}

function originOf(origin: RegionConfigurationOptions['origin'], plan: RegionPlan): string[] {
  if ('networksPath' in origin) {
    return [`http-request set-var(txn.area) src,map_ip(${origin.networksPath},elsewhere)`];
  }
  return plan.areas.size === 0 ? [] : [`http-request set-var(txn.area) req.hdr(${origin.header}),lower`];
}

/** A rule for each country would be looked at one after the other, with each request. */
function areasAlike(
  plan: RegionPlan,
): { readonly name: string; readonly areas: readonly string[]; readonly steps: Steps }[] {
  const alike = Map.groupBy(plan.areas, ([, steps]) => JSON.stringify(steps));
  return [...alike.values()].map((entries, index) => ({
    name: `from-${index + 1}`,
    areas: entries.map(([area]) => area),
    steps: (entries[0] as [string, Steps])[1],
  }));
}

/** Several lines of one name are alternatives. */
function membersOf(name: string, areas: readonly string[]): string[] {
  return Array.from({ length: Math.ceil(areas.length / areasInLine) }, (_, line) => {
    const some = areas.slice(line * areasInLine, (line + 1) * areasInLine);
    return `acl ${name} var(txn.area) -m str ${some.join(' ')}`;
  });
}

/** HAProxy takes 64 words in a line. */
const areasInLine = 50;

/** In the order of `chooseRegion`: drawn by weight, then the others of the step, then farther ones, then the nearest all the same. */
function rulesOf(plan: RegionPlan, areas: string | undefined, steps: Steps): string[] {
  const fromThere = areas === undefined ? '' : ` ${areas}`;
  const byName = new Map(plan.regions.map((region) => [region.name, region]));
  const rules = steps.flatMap((step) => {
    const regions = step.map((name) => byName.get(name) as Region);
    const total = regions.reduce((sum, { weight }) => sum + weight, 0);
    let upTo = 0;
    const drawn = regions.map((region) => {
      upTo += region.weight;
      const below = Math.round((upTo / total) * drawMax);
      const from = Math.round(((upTo - region.weight) / total) * drawMax);
      const isDrawn =
        regions.length === 1
          ? ''
          : ` { var(txn.pick) -m int ge ${from} } { var(txn.pick) -m int lt ${below} }`;
      return `use_backend region-${region.name} if${fromThere}${isDrawn} ${takes(region)}`;
    });
    const others = regions.map(
      (region) => `use_backend region-${region.name} if${fromThere} ${takes(region)}`,
    );
    return regions.length === 1 ? drawn : [...drawn, ...others];
  });
  const nearest = steps[0]?.[0] as string;
  return [
    ...rules,
    areas === undefined
      ? `default_backend region-${nearest}`
      : `use_backend region-${nearest} if${fromThere}`,
  ];
}

function takes({ name, fullAt }: Region): string {
  const server = `region-${name}/${name}`;
  const isFree = fullAt === undefined ? '' : ` { be_conn(region-${name}) lt ${fullAt} }`;
  return `{ srv_is_up(${server}) }${isFree} { srv_weight(${server}),sub(txn.warm) gt 0 }`;
}

function checkPlan(plan: RegionPlan, origin: RegionConfigurationOptions['origin']): void {
  const problems = plan.regions
    .filter(({ host }) => isIP(host) === 0)
    .map(({ name, host }) => ({
      path: ['regions', name, 'host'],
      message: `must be an IP address for HAProxy, got ${host}`,
    }));
  const word = 'header' in origin ? origin.header : origin.networksPath;
  const pattern = 'header' in origin ? /^[A-Za-z\d-]{1,64}$/ : /^[\w./-]+$/;
  if (!pattern.test(word)) problems.push({ path: ['origin'], message: 'must be a header or a plain path' });
  if (problems.length > 0) throw optionsError('write a configuration for regions', problems);
}
