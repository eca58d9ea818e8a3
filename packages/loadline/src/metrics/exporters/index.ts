/** Sends metrics to those who collect them, while they are measured. */
export type { ExportTarget } from './destination.ts';
export type { ExportReport, MetricExporter } from './exporter.ts';
export { createOtlpExporter, type OtlpOptions } from './otlp.ts';
export { createRemoteWriteExporter, type RemoteWriteOptions } from './remote-write.ts';
export { openScrapeDoor, type ScrapeDoor, type ScrapeDoorOptions } from './scrape.ts';
