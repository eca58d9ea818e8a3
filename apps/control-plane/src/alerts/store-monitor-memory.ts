import { isLoadlineError } from 'loadline/base';
import type { Change, Incident, MonitorMemory, Remembered } from 'loadline/monitoring';
import type { Document, DocumentChange, Documents } from 'loadline/store';
import { IncidentBook } from './incident-book.ts';

/** A memory in the store's documents, loaded, with the incidents that are over. */
export interface StoreMonitorMemory extends MonitorMemory {
  readonly incidents: IncidentBook;
  /** An incident with its timeline, as it was last saved. */
  findIncident(id: string): Promise<Incident | undefined>;
  /** Changes that have too much to be kept. */
  readonly tooLarge: number;
}

const kinds = {
  alert: 'alert state',
  incident: 'incident',
  silence: 'silence',
  notification: 'alert notification',
} as const;

const partMax = 1000;

/**
 * Remembers what a monitor must not lose, all of a round or none of it. It is read once here, too: a monitor that judges from its
 * start takes that up at once.
 *
 * @param isJudge whether nobody else can change anything from here on.
 */
export async function openStoreMonitorMemory(
  documents: Documents,
  { isJudge }: { readonly isJudge: boolean },
): Promise<StoreMonitorMemory> {
  const incidents = new IncidentBook([]);
  let tooLarge = 0;
  let loaded = isJudge ? await read() : undefined;

  async function read(): Promise<Remembered> {
    const bodiesOf = async <Value>(kind: keyof typeof kinds): Promise<Value[]> =>
      (await listAll(documents, kinds[kind])).map(({ body }) => body as Value);
    const kept = (await bodiesOf<Incident>('incident')).map(wholeOf);
    incidents.replace(kept);
    return {
      alerts: await bodiesOf('alert'),
      incidents: kept.filter(({ phase }) => phase === 'open'),
      silences: await bodiesOf('silence'),
      notifications: await bodiesOf('notification'),
    };
  }

  async function saveAll(changes: readonly Change[]): Promise<void> {
    const notes = changes.flatMap((change) => (change.kind === 'incident' ? [change.value] : []));
    const surplus = incidents.surplusWith(notes);
    const removals = surplus.map(({ id }) => ({ kind: kinds.incident, id, body: undefined }));
    await documents.change([...changes.map(documentOf), ...removals]);
    incidents.note(notes, surplus);
  }

  async function save(changes: readonly Change[]): Promise<void> {
    try {
      await saveAll(changes);
    } catch (error) {
      if (!isLoadlineError(error, 'STORE_TOO_LARGE')) throw error;
      // What can never be kept must not keep back the others for ever.
      if (changes.length === 1) tooLarge++;
      else for (const change of changes) await save([change]);
    }
  }

  return {
    incidents,
    get tooLarge() {
      return tooLarge;
    },
    async load() {
      const first = loaded;
      loaded = undefined;
      return first ?? read();
    },
    save,
    async findIncident(id) {
      const body = (await documents.get(kinds.incident, id))?.body as Incident | undefined;
      return body && wholeOf(body);
    },
  };
}

function documentOf({ kind, id, value }: Change): DocumentChange {
  return { kind: kinds[kind], id, body: value };
}

/** Those of before knew no bounds. */
function wholeOf(kept: Incident): Incident {
  return { ...kept, unlisted: kept.unlisted ?? [], alertsLeftOut: kept.alertsLeftOut ?? 0 };
}

async function listAll(documents: Documents, kind: string): Promise<readonly Document[]> {
  const found: Document[] = [];
  for (;;) {
    const after = found.at(-1)?.id;
    const part = await documents.list(kind, { limit: partMax, ...(after === undefined ? {} : { after }) });
    found.push(...part);
    if (part.length < partMax) return found;
  }
}
