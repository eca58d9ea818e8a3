/** Which hosts the words of a start mean. */
export { readAddressPolicy, readHosts } from './host-words.ts';
