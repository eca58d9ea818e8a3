import { type Clock, parseInstant } from 'loadline/base';
import { type ApiKey, momentOf, type Requester, timeOf } from '../contract/index.ts';
import type { Documents } from '../memory/index.ts';
import { Problem, tooMany, unknownThing } from '../problems/index.ts';
import { equalHashes, hashOf, idIn, newKeyText } from './key-text.ts';
import type { Role } from './permissions.ts';

/** A key as it is kept. */
interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly hash: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
}

/** The keys of this control plane. */
export interface Keys {
  /** Who has this key; undefined where it is unknown, expired or revoked. */
  recognise(text: string): Requester | undefined;
  /** Whether the key of that id still opens anything. */
  isLive(id: string): boolean;
  /** Whether anybody can make further keys. */
  hasAdmin(): boolean;
  list(): readonly ApiKey[];
  /** @returns the key with its text, which nobody can get again. */
  create(order: KeyRequest): Promise<{ readonly key: ApiKey; readonly secret: string }>;
  /** The last live admin key stays: without it nobody could make another. */
  revoke(id: string): Promise<ApiKey>;
  /** Takes over what other control planes of the database made and revoked. */
  refresh(): Promise<void>;
}

export interface KeyRequest {
  readonly name: string;
  readonly role: Role;
  readonly expiresAt?: string | undefined;
  readonly createdBy: string;
}

export interface KeysOptions {
  readonly documents: Documents;
  readonly clock: Clock;
  /** An admin key from the environment; it is not kept, and cannot be revoked while it is there. */
  readonly environmentKey?: string | undefined;
}

/** So many keys there may be, the revoked ones included. */
const keysMax = 1000;
const environmentId = 'environment';
/** Somebody to compare with where nobody is known, so that it takes as long. */
const nobodyHash = hashOf('');

export async function openKeys({ documents, clock, environmentKey }: KeysOptions): Promise<Keys> {
  const stored = await documents.list('key');
  const records = new Map(stored.map(({ id, body }) => [id, body as KeyRecord]));
  if (environmentKey !== undefined) records.set(environmentId, environmentRecord(environmentKey, clock));

  const stateOf = (record: KeyRecord): ApiKey['state'] => {
    if (record.revokedAt !== undefined) return 'revoked';
    // What cannot be read opens nothing.
    const hasExpired = record.expiresAt !== undefined && (parseInstant(record.expiresAt) ?? 0) <= clock.now();
    return hasExpired ? 'expired' : 'live';
  };
  const viewOf = ({ hash: _, ...record }: KeyRecord): ApiKey => ({
    ...record,
    state: stateOf({ ...record, hash: '' }),
  });
  const isLastAdmin = (record: KeyRecord): boolean =>
    record.role === 'admin' &&
    ![...records.values()].some(
      (other) => other.id !== record.id && other.role === 'admin' && stateOf(other) === 'live',
    );

  return {
    recognise(text) {
      const record = records.get(idIn(text) ?? '') ?? records.get(environmentId);
      const isSame = equalHashes(hashOf(text), record?.hash ?? nobodyHash);
      if (record === undefined || !isSame || stateOf(record) !== 'live') return undefined;
      return { keyId: record.id, name: record.name, role: record.role };
    },
    isLive: (id) => {
      const record = records.get(id);
      return record !== undefined && stateOf(record) === 'live';
    },
    hasAdmin: () => [...records.values()].some((each) => each.role === 'admin' && stateOf(each) === 'live'),
    list: () => [...records.values()].map(viewOf).toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1)),
    async create({ name, role, expiresAt, createdBy }) {
      if (records.size >= keysMax)
        throw tooMany(`There are ${keysMax} keys already; more are not kept.`, 3600);
      if (expiresAt !== undefined && momentOf(expiresAt) <= clock.now()) {
        const errors = [{ in: 'body', pointer: '/expiresAt', detail: 'must be in the future' }] as const;
        throw new Problem('CONTROL_PLANE_REQUEST_INVALID', '/expiresAt must be in the future.', { errors });
      }
      const { id, text } = newKeyText();
      const record: KeyRecord = {
        id,
        name,
        role,
        hash: hashOf(text),
        createdAt: timeOf(clock.now()),
        createdBy,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      };
      await documents.put('key', id, record);
      records.set(id, record);
      return { key: viewOf(record), secret: text };
    },
    async revoke(id) {
      const record = records.get(id);
      if (record === undefined) throw unknownThing('key');
      if (record.revokedAt !== undefined)
        throw new Problem('CONTROL_PLANE_STATE_CONFLICT', 'The key is revoked already.');
      if (id === environmentId)
        throw new Problem(
          'CONTROL_PLANE_STATE_CONFLICT',
          'This key comes from the environment; take it away there.',
        );
      if (isLastAdmin(record)) {
        const detail = 'This is the last admin key that is live; make another before you revoke it.';
        throw new Problem('CONTROL_PLANE_STATE_CONFLICT', detail);
      }
      const revoked = { ...record, revokedAt: timeOf(clock.now()) };
      await documents.put('key', id, revoked);
      records.set(id, revoked);
      return viewOf(revoked);
    },
    async refresh() {
      for (const { id, body } of await documents.list('key')) {
        const record = body as KeyRecord;
        // A key is made, and revoked once: what was read before a change of our own takes nothing back.
        if (!records.has(id) || record.revokedAt !== undefined) records.set(id, record);
      }
    },
  };
}

function environmentRecord(text: string, clock: Clock): KeyRecord {
  return {
    id: environmentId,
    name: 'LOADLINE_ADMIN_KEY',
    role: 'admin',
    hash: hashOf(text),
    createdAt: timeOf(clock.now()),
    createdBy: environmentId,
  };
}
