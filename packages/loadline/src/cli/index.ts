/** The command: parses words and files at the door, runs a room, prints results, maps errors to exit codes. */
export {};
