import { bracketed, type Clock, type Random, withTimeLimit } from 'loadline/base';
import { type Kubernetes, type Pod, type PodWatch, watchPods } from 'loadline/kubernetes';
import { type Discovery, instanceLengthMax, type Watched } from './watched.ts';

/** What was given by `--watch-kubernetes`: pods that are a service. */
export interface PodService {
  readonly service: string;
  /** Of their labels, as `kubectl --selector` takes it. */
  readonly selector: string;
  /** Absent: where the control plane itself runs. */
  readonly namespace?: string;
  /** A number, or the name that a container gives it. Absent: what the pod says by itself. */
  readonly port?: number | string;
  /** Absent: what the pod says by itself, or `/metrics`. */
  readonly path?: string;
  readonly scheme: 'http' | 'https';
}

export interface PodInstancesOptions {
  readonly kubernetes: Kubernetes;
  readonly clock: Clock;
  readonly random: Random;
  /** Hears of the first of several failures in a row. */
  readonly onFailure: (error: unknown) => void;
}

const portAnnotation = 'prometheus.io/port';
const pathAnnotation = 'prometheus.io/path';
/** Who asks before the first list is there waits for it, for so long. */
const firstListMs = 2000;

/** Follows the pods that are services, by their labels. */
export function createPodInstances(
  services: readonly PodService[],
  { kubernetes, clock, random, onFailure }: PodInstancesOptions,
): Discovery {
  const ending = new AbortController();
  const watches = services.map((service) => ({
    service,
    isAmbiguous: isInSeveral(service, services),
    watch: watchPods(kubernetes, {
      clock,
      random,
      namespace: service.namespace ?? kubernetes.namespace,
      selector: service.selector,
      annotations: [portAnnotation, pathAnnotation],
      onFailure,
    }),
  }));
  const begun = Promise.all(watches.map(({ watch }) => watch.begun));
  let hasWaited = false;
  const sum = (of: (watch: PodWatch) => number): number =>
    watches.reduce((total, { watch }) => total + of(watch), 0);
  return {
    async list() {
      if (!hasWaited) await withTimeLimit({ clock, limitMs: firstListMs, end: ending.signal }, () => begun);
      hasWaited = true;
      return watches.flatMap(({ service, isAmbiguous, watch }) =>
        watch.pods().flatMap((pod) => {
          const instance = isAmbiguous ? `${pod.namespace}/${pod.name}` : pod.name;
          return podInstanceOf(pod, service, instance) ?? [];
        }),
      );
    },
    get counts() {
      return {
        failures: sum(({ counts }) => counts.failures),
        leftOut: sum(({ counts }) => counts.leftOut),
      };
    },
    async close() {
      ending.abort();
      await Promise.all(watches.map(({ watch }) => watch.close()));
    },
  };
}

/** Only then may two pods of a service have the same name. */
function isInSeveral({ service, namespace }: PodService, all: readonly PodService[]): boolean {
  return all.some((other) => other.service === service && other.namespace !== namespace);
}

/**
 * A pod as an instance; undefined for one that has not started or is to end. One that is not ready is watched as well: it
 * is the one whose numbers somebody will want to see. Pure.
 */
function podInstanceOf(pod: Pod, service: PodService, instance: string): Watched | undefined {
  const { phase, ip, isTerminating } = pod;
  if (phase !== 'Running' || ip === undefined || isTerminating) return undefined;
  const port = portOf(pod, service);
  const url = new URL(`${service.scheme}://${bracketed(ip)}`);
  if (typeof port === 'number') url.port = String(port);
  // Set as a path, it cannot lead to another host, whatever a pod says of itself.
  url.pathname = service.path ?? pod.annotations[pathAnnotation] ?? '/metrics';
  return {
    service: service.service,
    // What tells pods apart stands at the end of their names.
    instance: instance.slice(-instanceLengthMax),
    url,
    source: 'kubernetes',
    ...(typeof port === 'number' ? {} : { because: port.because }),
  };
}

/** Where it shows its metrics, by what was given, its annotation, or the only port that it declares. */
function portOf({ ports, annotations }: Pod, { port }: PodService): number | { readonly because: string } {
  if (typeof port === 'number') return port;
  if (port !== undefined)
    return ports.find(({ name }) => name === port)?.port ?? { because: `it declares no port named ${port}` };
  const said = annotations[portAnnotation];
  if (said !== undefined) {
    const number = /^\d{1,5}$/.test(said) ? Number(said) : 0;
    return number >= 1 && number <= 65_535 ? number : { because: `its ${portAnnotation} is no port` };
  }
  const [only, ...others] = ports;
  if (only !== undefined && others.length === 0) return only.port;
  const found = only === undefined ? 'no port' : `${ports.length} ports`;
  return { because: `it declares ${found}, and neither --watch-kubernetes nor ${portAnnotation} says which` };
}
