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
}

/**
 * Instances that told of themselves, and tell by a heartbeat that they are still there. They survive a restart, after which
 * each has as long as after a heartbeat.
 */
export class Registrations implements InstanceSource {
  readonly #options: RegistrationsOptions;
  readonly #kept = new Map<string, Kept & { heardMs: number }>();

  private constructor(options: RegistrationsOptions) {
    this.#options = options;
  }

  static async open(options: RegistrationsOptions): Promise<Registrations> {
    const registrations = new Registrations(options);
    for (const { id, body } of await options.documents.list('instance'))
      registrations.#kept.set(id, { ...(body as Kept), heardMs: options.clock.monotonicMs() });
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
    const known = [...this.#kept.values()].find(
      (each) => each.service === service && each.instance === instance,
    );
    if (known === undefined && this.#kept.size >= registrationsMax)
      throw tooMany(`${registrationsMax} instances are registered already.`, 60);
    const kept: Kept = { id: known?.id ?? nextId(), service, instance, url: url.href };
    await documents.put('instance', kept.id, kept);
    this.#kept.set(kept.id, { ...kept, heardMs: clock.monotonicMs() });
    return { registration: this.#viewOf(kept.id), isNew: known === undefined };
  }

  /** @throws CONTROL_PLANE_NOT_FOUND where it was forgotten: then it registers anew. */
  heartbeat(id: string): Registration {
    const kept = this.#require(id);
    kept.heardMs = this.#options.clock.monotonicMs();
    return this.#viewOf(id);
  }

  async remove(id: string): Promise<void> {
    this.#require(id);
    await this.#options.documents.remove('instance', id);
    this.#kept.delete(id);
  }

  async list(): Promise<readonly Watched[]> {
    const nowMs = this.#options.clock.monotonicMs();
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

  #require(id: string): Kept & { heardMs: number } {
    const kept = this.#kept.get(id);
    if (kept === undefined) throw unknownThing('instance that registered');
    return kept;
  }

  #viewOf(id: string): Registration {
    const { heardMs, ...kept } = this.#require(id);
    const { clock } = this.#options;
    return {
      ...kept,
      heartbeatEveryMs,
      expiresAtMs: clock.now() + (heardMs + silenceMsMax - clock.monotonicMs()),
    };
  }
}
