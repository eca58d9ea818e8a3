/** What was done, in the order in which it was done, never changed. The port; its drivers stand beside it. */
export interface Journal<Entry extends JournalEntry> {
  /** It survives whatever comes once this has resolved. */
  append(entry: Entry): Promise<void>;
  /** The newest first. */
  list(page: JournalPage<Entry>): Promise<JournalPart<Entry>>;
}

export interface JournalEntry {
  /** Sorts by time. */
  readonly id: string;
}

export interface JournalPage<Entry> {
  readonly limit: number;
  /** The `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  /** Only entries that have these values. */
  readonly where?: Partial<Entry>;
}

export interface JournalPart<Entry> {
  readonly items: readonly Entry[];
  /** Undefined on the last page. */
  readonly nextCursor: string | undefined;
}

/** Remembers the last entries until the process ends. For tests, and in front of files. */
export function createMemoryJournal<Entry extends JournalEntry>(entriesMax: number): Journal<Entry> {
  const entries: Entry[] = [];
  return {
    append: async (entry) => {
      entries.push(entry);
      // In one go now and then, so that an append does not move them all.
      if (entries.length >= entriesMax * 2) entries.splice(0, entries.length - entriesMax);
    },
    list: async ({ limit, cursor, where = {} }) => {
      const wanted = Object.entries(where) as [keyof Entry, unknown][];
      const page: Entry[] = [];
      for (let index = entries.length - 1; index >= 0 && page.length <= limit; index--) {
        const entry = entries[index] as Entry;
        if (
          (cursor === undefined || entry.id < cursor) &&
          wanted.every(([key, value]) => entry[key] === value)
        )
          page.push(entry);
      }
      const items = page.slice(0, limit);
      return { items, nextCursor: page.length > limit ? items.at(-1)?.id : undefined };
    },
  };
}
