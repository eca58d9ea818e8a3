import type { LoadReport } from 'loadline/load';
import { renderCsv, renderHtml } from 'loadline/load/output';

/** The forms in which results are given, and their media types. */
export const resultFormats = {
  json: 'application/json',
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
} as const;

export type ResultFormat = keyof typeof resultFormats;

/** @param json a report as it is kept. Pure. */
export function resultIn(format: ResultFormat, json: string): string {
  if (format === 'json') return json;
  const report = JSON.parse(json) as LoadReport;
  return format === 'html' ? renderHtml(report) : renderCsv(report);
}
