/** Where the time and the memory went. */
export {};
