/** Writes scenarios of what others know of a service: recordings and API descriptions. */
export { importHar, importOpenapi } from './import-file.ts';
