/** Tries a scaling policy on a trace before it is trusted with traffic. */
export { generateTrace, type Span, type TraceShape } from './generate-trace.ts';
export type { Trace } from './trace.ts';
