/** What a service adds in one line: its metrics, its health, a guarded door for profiles. */
export {};
