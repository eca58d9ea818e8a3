/** Reaches Valkey or Redis the right way: connect, time limits, no queue while it is away. */
export {};
