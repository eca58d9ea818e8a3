/** The contract over HTTP. */
export { createServer, type ServerOptions } from './server.ts';
export { systemHandlers } from './system-handlers.ts';
