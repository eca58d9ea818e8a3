import { bracketed } from '../../base/index.ts';
import { checksOf, clientsOf, haproxyBasis, lines, retriesOf } from '../drivers/haproxy-configuration.ts';
import {
  completeRegionOptions,
  type RegionConfigurationOptions,
  type RegionOrigin,
} from './region-configuration-options.ts';
import type { Region, RegionPlan, Steps } from './region-plan.ts';

/**
 * Writes a configuration for the HAProxy that stands before the regions. Pure. Each request goes where `chooseRegion` says.
 * A region has a backend of its own, in which the others are in reserve, in the plan's order: what was on its way to one that
 * dies is repeated elsewhere, as far as it may be done twice. One that comes back takes its share over `slowStartMs`.
 *
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID.
 */
export function writeRegionConfiguration(plan: RegionPlan, options: RegionConfigurationOptions): string {
  const settings = completeRegionOptions(plan, options);
  const { runtime, healthCheck, slowStartMs, requestsMax, file, origin } = settings;
  const backends = plan.regions.map((region) => {
    const reserves = reservesOf(plan, region.name);
    return `
backend region-${region.name}
  balance leastconn
${lines(retriesOf({ attemptsMax: file.attemptsMax + errorsMax }))}
${lines(checksOf(healthCheck))}
${lines([region, ...reserves].map((each) => serverLine(each, { home: region, healthCheck, slowStartMs, requestsMax })))}
`;
  });
  const lastResorts = plan.regions.map((region) =>
    lastResortOf([region, ...reservesOf(plan, region.name).slice(0, 1)], {
      attemptsMax: file.attemptsMax,
      requestsMax,
    }),
  );
  return `${haproxyBasis({ runtime, file, checkTimeoutMs: healthCheck.timeoutMs })}
frontend clients
${lines(clientsOf(file))}
${lines(originOf(origin, plan))}
  http-request set-var(txn.pick) rand(${drawMax})
  http-request set-var(txn.warm) rand(${weightMax})
${lines(areasAlike(plan).flatMap(({ name, areas, steps }) => [...membersOf(name, areas), ...rulesOf(plan, name, steps)]))}
${lines(rulesOf(plan, undefined, plan.elsewhere))}
${[...backends, ...lastResorts].join('')}`;
}

/** Asks a region without a look at its checks, and where that cannot be reached the next. A third would not be: a repetition avoids only the one before. */
function lastResortOf(
  regions: readonly Region[],
  { attemptsMax, requestsMax }: { readonly attemptsMax: number; readonly requestsMax: number },
): string {
  return `
backend last-resort-${regions[0]?.name}
  balance first
${lines(retriesOf({ attemptsMax: Math.min(attemptsMax, regions.length) }))}
${lines(regions.map(({ name, host, port }) => `server ${name} ${bracketed(host)}:${port} maxconn ${requestsMax}`))}
`;
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

function originOf(origin: RegionOrigin, plan: RegionPlan): string[] {
  if ('networksPath' in origin) {
    return [`http-request set-var(txn.area) src,map_ip(${origin.networksPath},elsewhere),lower`];
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

/**
 * In the order of `chooseRegion`: who takes it, drawn by weight, then the others of the step, then farther ones; then in the same
 * order who is up; then whom the draw names, although it is down.
 */
function rulesOf(plan: RegionPlan, areas: string | undefined, steps: Steps): string[] {
  const byName = new Map(plan.regions.map((region) => [region.name, region]));
  const regionsOf = (step: readonly string[]): Region[] => step.map((name) => byName.get(name) as Region);
  const use = (backend: string, ...conditions: readonly string[]): string => {
    const all = [areas ?? '', ...conditions].filter((condition) => condition !== '');
    return all.length === 0 ? `default_backend ${backend}` : `use_backend ${backend} if ${all.join(' ')}`;
  };
  const whoever = (may: (region: Region) => string): string[] =>
    steps
      .map(regionsOf)
      .flatMap((regions) => [
        ...drawsOf(regions).map(({ region, isDrawn }) => use(`region-${region.name}`, isDrawn, may(region))),
        ...(regions.length === 1 ? [] : regions.map((region) => use(`region-${region.name}`, may(region)))),
      ]);
  const nearest = drawsOf(regionsOf(steps[0] ?? []));
  return [
    ...whoever(takes),
    ...whoever(isUp),
    // Whom no other draw named needs no condition.
    ...nearest.map(({ region, isDrawn }, index) =>
      use(`last-resort-${region.name}`, ...(index === nearest.length - 1 ? [] : [isDrawn])),
    ),
  ];
}

/** For each region of a step the condition that the draw names it, by weight. */
function drawsOf(regions: readonly Region[]): { readonly region: Region; readonly isDrawn: string }[] {
  const total = regions.reduce((sum, { weight }) => sum + weight, 0);
  let upTo = 0;
  return regions.map((region) => {
    const from = Math.round((upTo / total) * drawMax);
    upTo += region.weight;
    const below = Math.round((upTo / total) * drawMax);
    const isDrawn = `{ var(txn.pick) -m int ge ${from} } { var(txn.pick) -m int lt ${below} }`;
    return { region, isDrawn: regions.length === 1 ? '' : isDrawn };
  });
}

function takes(region: Region): string {
  const { name, fullAt } = region;
  const isFree = fullAt === undefined ? '' : ` { be_conn(region-${name}) lt ${fullAt} }`;
  return `${isUp(region)}${isFree} { srv_weight(region-${name}/${name}),sub(txn.warm) gt 0 }`;
}

function isUp({ name }: Region): string {
  return `{ srv_is_up(region-${name}/${name}) }`;
}
