/**
 * The folder of this package, with its manifest, its sources and what was built of them. Two folders above this file
 * in the sources, and above whatever file a build puts it into.
 */
export const packageFolder: URL = new URL('../../', import.meta.url);
