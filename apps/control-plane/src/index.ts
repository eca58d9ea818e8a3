/** The control plane: starts and keeps load tests, and says who did what, over HTTP. */
export type { ServeWords } from './configuration.ts';
export { type ServeSurroundings, serve } from './serve.ts';
