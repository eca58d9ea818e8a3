/** Results of a run as files, and its metrics while it lasts. */
export { renderCsv } from './csv.ts';
export { renderHtml } from './html/page.ts';
export { renderJunit } from './junit.ts';
export { createLiveOutputs, type LiveOutputOptions, type LiveOutputs } from './live.ts';
export type { LiveSample } from './live-metrics.ts';
export type { MarkdownOptions } from './markdown.ts';
export { renderMarkdown } from './markdown.ts';
