/** What survives a restart: ports of what the control plane remembers, and where it does. */
export { claimHome } from './claim-home.ts';
export { createMemoryDocuments, type Documents } from './documents.ts';
export { createIds, type NextId } from './identifiers.ts';
export { createMemoryJournal, type Journal } from './journal.ts';
export { Lease, type LeaseStanding } from './lease.ts';
export { type Memory, openMemory } from './open-memory.ts';
export { writeWhole } from './write-whole.ts';
