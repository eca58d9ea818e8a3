/** What survives a restart: ports of what the control plane remembers, and where it does. */
export {
  createMemoryDocuments,
  type DocumentKind,
  type Documents,
  type StoredDocument,
} from './documents.ts';
export { createFileDocuments } from './file-documents.ts';
export { openFileJournal } from './file-journal.ts';
export { createIds, type NextId } from './identifiers.ts';
export {
  createMemoryJournal,
  type Journal,
  type JournalEntry,
  type JournalPage,
  type JournalPart,
} from './journal.ts';
export { type Memory, openMemory } from './open-memory.ts';
export { createStoreDocuments, createStoreJournal } from './store-memory.ts';
export { writeWhole } from './write-whole.ts';
