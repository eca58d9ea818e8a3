import type { AddressPolicy, Clock } from 'loadline/base';
import type { Documents, NextId } from '../memory/index.ts';
import { Problem, tooMany, unknownThing, wrongInBody } from '../problems/index.ts';
import { judgedAddressOf, type Resolve } from './judged-address.ts';
import { hostOf, type InstanceSource, parseWatchUrl, type Watched } from './watched.ts';

/** What an instance says of itself. */
export interface RegistrationOrder {
  readonly service: string;
  readonly url: string;
  readonly instance?: string | undefined;
}

/** One that registered, and how often it must say that it is still there. */
export interface Registration {
  readonly id: string;
  readonly service: string;
  readonly instance: string;
  readonly url: string;
  readonly heartbeatEveryMs: number;
  readonly expiresAtMs: number;
}

export interface RegistrationsOptions {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly policy: AddressPolicy;
  readonly resolve: Resolve;
  /** Whether other control planes have the same documents, and instances that register at any of them. */
  readonly isShared: boolean;
  /** Hears of a heartbeat that the others could not be told of. */
  readonly onFailure: (error: unknown) => void;
}

const heartbeatEveryMs = 30_000;
/** Three heartbeats that did not come. */
const silenceMsMax = 3 * heartbeatEveryMs;
/** So long it is still shown as one that is gone. */
const shownMs = 10 * 60_000;
const registrationsMax = 1000;

interface Kept {
  readonly id: string;
  readonly service: string;
  readonly instance: string;
  readonly url: string;
  /** When it was last heard, by the clock of whoever heard it: for the others a sign that it was, and no time. */
  readonly heardAtMs?: number;
}

/**
 * Instances that told of themselves, and tell by a heartbeat that they are still there, to this control plane or to another one
 * of the same database. They survive a restart, after which each has as long as after a heartbeat.
 */
export class Registrations implements InstanceSource {
  readonly #options: RegistrationsOptions;
  readonly #kept = new Map<string, Kept & { heardMs: number }>();
  /** How often one registered, was heard or was forgotten here. */
  #changes = 0;
  #isFailing = false;

  private constructor(options: RegistrationsOptions) {
    this.#options = options;
  }

  static async open(options: RegistrationsOptions): Promise<Registrations> {
    const registrations = new Registrations(options);
    await registrations.#takeOver();
    return registrations;
  }

  /** The same service and instance again is the same registration, with its new address. */
  async register(order: RegistrationOrder): Promise<{ registration: Registration; isNew: boolean }> {
    const { documents, nextId, clock } = this.#options;
    const url = parseWatchUrl(order.url);
    if (url === undefined) throw wrongInBody('/url', 'must be an address like http://10.0.0.7:8080/metrics');
    if (url.username !== '' || url.password !== '')
      throw wrongInBody('/url', 'must not hold a user or a password');
    await this.#judge(url);
    const { service, instance = hostOf(url) } = order;
    if (this.#options.isShared) await this.#takeOver();
    const known = [...this.#kept.values()].find(
      (each) => each.service === service && each.instance === instance,
    );
    if (known === undefined && this.#kept.size >= registrationsMax)
      throw tooMany(`${registrationsMax} instances are registered already.`, 60);
    const id = known?.id ?? nextId();
    const kept: Kept = { id, service, instance, url: url.href, heardAtMs: clock.now() };
    await documents.put('instance', kept.id, kept);
    this.#hear(kept);
    return { registration: this.#viewOf(kept.id), isNew: known === undefined };
  }

  /** @throws CONTROL_PLANE_NOT_FOUND where it was forgotten: then it registers anew. */
  async heartbeat(id: string): Promise<Registration> {
    const { isShared, documents, clock } = this.#options;
    const { heardMs: _, ...known } = await this.#find(id);
    const kept: Kept = { ...known, heardAtMs: clock.now() };
    this.#hear(kept);
    // Heard it was, whether or not the others can be told: the next heartbeat tells them.
    if (isShared) await documents.put('instance', id, kept).catch((error) => this.#failed(error));
    return this.#viewOf(id);
  }

  async remove(id: string): Promise<void> {
    await this.#find(id);
    await this.#options.documents.remove('instance', id);
    this.#kept.delete(id);
    this.#changes++;
  }

  async list(): Promise<readonly Watched[]> {
    const { clock, isShared } = this.#options;
    if (isShared) await this.#followOthers();
    const nowMs = clock.monotonicMs();
    for (const { id, heardMs } of this.#kept.values())
      if (nowMs - heardMs > silenceMsMax + shownMs) await this.remove(id);
    return [...this.#kept.values()].map(({ id, service, instance, url, heardMs }) => ({
      id,
      service,
      instance,
      url: new URL(url),
      source: 'registered',
      ...(nowMs - heardMs > silenceMsMax ? { because: 'its heartbeat does not come any more' } : {}),
    }));
  }

  #hear(kept: Kept): void {
    this.#kept.set(kept.id, { ...kept, heardMs: this.#options.clock.monotonicMs() });
    this.#changes++;
  }

  /** While the database is away those that are known stay, which is told once each time. */
  async #followOthers(): Promise<void> {
    try {
      await this.#takeOver();
      this.#isFailing = false;
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (!this.#isFailing) this.#options.onFailure(error);
    this.#isFailing = true;
  }

  /** Takes over who has registered, was heard and was forgotten elsewhere. */
  async #takeOver(): Promise<void> {
    const { documents, clock } = this.#options;
    const changes = this.#changes;
    const stored = await documents.list('instance');
    // Read before a change of our own, it would take that back; the next look reads anew.
    if (this.#changes !== changes) return;
    const ids = new Set(stored.map(({ id }) => id));
    for (const id of this.#kept.keys()) if (!ids.has(id)) this.#kept.delete(id);
    for (const { id, body } of stored) {
      const kept = body as Kept;
      const known = this.#kept.get(id);
      const isHeard = known === undefined || known.heardAtMs !== kept.heardAtMs;
      this.#kept.set(id, { ...kept, heardMs: isHeard ? clock.monotonicMs() : known.heardMs });
    }
  }

  async #judge(url: URL): Promise<void> {
    const { policy, resolve } = this.#options;
    try {
      await judgedAddressOf(url, policy, resolve);
    } catch (error) {
      const detail = (error as Error).message;
      throw new Problem('CONTROL_PLANE_TARGET_REFUSED', `The instance cannot be watched: ${detail}.`, {
        errors: [{ in: 'body', pointer: '/url', detail }],
      });
    }
  }

  /** It may have registered elsewhere a moment ago. */
  async #find(id: string): Promise<Kept & { heardMs: number }> {
    if (this.#options.isShared && !this.#kept.has(id)) await this.#takeOver();
    return this.#require(id);
  }

  #require(id: string): Kept & { heardMs: number } {
    const kept = this.#kept.get(id);
    if (kept === undefined) throw unknownThing('instance that registered');
    return kept;
  }

  #viewOf(id: string): Registration {
    const { heardMs, heardAtMs: _, ...kept } = this.#require(id);
    const { clock } = this.#options;
    return {
      ...kept,
      heartbeatEveryMs,
      expiresAtMs: clock.now() + (heardMs + silenceMsMax - clock.monotonicMs()),
    };
  }
}
