/** The contract over HTTP. */
export { createServer } from './server.ts';
export { systemHandlers } from './system-handlers.ts';
