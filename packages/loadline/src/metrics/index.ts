/** The common tongue: a number with its labels, time and uncertainty; counters, gauges, mergeable histograms, Prometheus text. */
export { metricsError, metricsErrorTable } from './errors.ts';
export type { Family, HistogramFamily, HistogramSeries, NumberFamily, NumberSeries } from './family.ts';
export type { Evidence, EvidenceUnit, Finding, Review, Severity, TimeWindow } from './finding.ts';
export { evidenceOf } from './finding.ts';
export { createHistogram, Histogram } from './histogram.ts';
export type { ParseOptions, Scrape, ScrapedFamily, ScrapedKind, ScrapedSample } from './parse-prometheus.ts';
export { PrometheusParser, parsePrometheus } from './parse-prometheus.ts';
export type { RenderOptions } from './prometheus.ts';
export { prometheusContentType, renderPrometheus } from './prometheus.ts';
export type { Labelled, LabelOptions, MetricOptions, RegistryOptions } from './registry.ts';
export { createRegistry, Registry } from './registry.ts';
export type { Counter, Gauge } from './slots.ts';
export type { FamilySnapshot, HistogramSnapshot, NumberSnapshot, Snapshot } from './snapshot.ts';
export { mergeSnapshots } from './snapshot.ts';
export type { DecodedSnapshot, DecodeLimits, Sketches } from './snapshot-wire.ts';
export {
  decodeSnapshot,
  encodeSnapshot,
  renderSnapshot,
  snapshotContentType,
} from './snapshot-wire.ts';
