/** What a service adds in one line: its metrics, its health, a guarded door for profiles. */

export type { HttpObserver, ObservedRequest } from './http-metrics.ts';
export { observeHttp } from './http-metrics.ts';
export { observeProcess } from './process-metrics.ts';
