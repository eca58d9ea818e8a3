import { formatBytes, formatDuration, formatRate, formatRatio } from 'loadline/base';
import { type Column, drawTable, type Style } from 'loadline/cli';
import type { LoadReport, ProcessUsage } from 'loadline/load';
import {
  type JudgedTarget,
  judgeTargets,
  type Observed,
  type TargetMetric,
  targetPresets,
} from 'loadline/monitoring';

/** How the demo's run stands against the food-sharing platform's targets. Pure. */
export function judgeDemo(report: LoadReport, scale: number): JudgedTarget[] {
  return judgeTargets(targetPresets.foodshare, observe(report, scale));
}

function observe({ total }: LoadReport, scale: number): Observed {
  const { latencyMs } = total;
  const latency = (value: number | undefined): number | { notApplicable: string } =>
    value ?? { notApplicable: 'nothing was measured' };
  return {
    latencyMsP50: latency(latencyMs?.p50),
    latencyMsP95: latency(latencyMs?.p95),
    latencyMsP99: latency(latencyMs?.p99),
    errorRatio: total.requests === 0 ? { notApplicable: 'nothing was measured' } : total.errorRatio,
    ratePerSecond:
      scale === 1
        ? total.ratePerSecond
        : { notApplicable: `only ${formatRatio(scale)} of the people were there` },
    databaseQueryMsP95: { notApplicable: 'not looked at by this run' },
    databaseConnectionRatio: { notApplicable: 'not looked at by this run' },
    cacheHitRatio: { notApplicable: 'discovery is not cached yet' },
  };
}

/** The sections that the demo adds to a run's summary. Pure. */
export function describeDemo(
  { usages, judged }: { readonly usages: readonly ProcessUsage[]; readonly judged: readonly JudgedTarget[] },
  { width, style }: { readonly width: number; readonly style: Style },
): string {
  const [title, ...processes] = drawTable(usageColumns, usages, width - 2);
  const targets = judged.map((each) => targetLine(each, style));
  const sections = [
    [style('dim', title ?? ''), ...processes],
    ...(targets.length === 0 ? [] : [[style('dim', "the food-sharing platform's targets"), ...targets]]),
  ];
  return `${sections.map((lines) => lines.map((line) => `  ${line}`).join('\n')).join('\n\n')}\n\n`;
}

const usageColumns: readonly Column<ProcessUsage>[] = [
  { title: 'process', align: 'left', text: (usage) => usage.name, importance: 0 },
  { title: 'CPU', align: 'right', text: (usage) => formatRatio(usage.cpuRatioMean), importance: 1 },
  { title: 'at most', align: 'right', text: (usage) => formatRatio(usage.cpuRatioMax), importance: 3 },
  {
    title: 'memory',
    align: 'right',
    text: (usage) => (usage.wasThere ? formatBytes(usage.memoryBytesMax) : 'ended'),
    importance: 2,
  },
];

const names: Readonly<Record<TargetMetric, string>> = {
  latencyMsP50: 'p50',
  latencyMsP95: 'p95',
  latencyMsP99: 'p99',
  latencyMsP999: 'p99.9',
  errorRatio: 'errors',
  ratePerSecond: 'throughput',
  ratePerSecondSustained: 'sustained',
  databaseQueryMsP95: 'query p95',
  databaseConnectionRatio: 'connections',
  cacheHitRatio: 'cache hits',
  externalCallMsP95: 'external p95',
  instanceMemoryBytes: 'memory',
};

function targetLine({ target, verdict, measured, reason }: JudgedTarget, style: Style): string {
  const mark = { met: style('green', '✓'), missed: style('red', '✗'), 'not applicable': style('dim', '–') }[
    verdict
  ];
  const limit = `${target.direction} ${format(target.metric, target.limit)}`;
  const found =
    measured === undefined ? style('dim', `not applicable: ${reason}`) : format(target.metric, measured);
  return `${mark} ${names[target.metric].padEnd(11)}  ${limit.padEnd(16)}  ${found}`;
}

function format(metric: TargetMetric, value: number): string {
  if (metric === 'ratePerSecond') return formatRate(value);
  return metric.endsWith('Ratio') ? formatRatio(value) : formatDuration(value);
}
