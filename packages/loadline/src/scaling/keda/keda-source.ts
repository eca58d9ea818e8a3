import type { KedaMetric } from './messages.ts';

/** Where the answers to KEDA come from. */
export interface KedaSource {
  /** The groups that KEDA may ask for, for who asks for another. */
  readonly groups: readonly string[];
  /** What a group is to be scaled by now; undefined where there is no such group; throws where nobody knows at present. */
  read(group: string, signal: AbortSignal): Promise<KedaReading | undefined>;
  /** Calls back whenever a group may have become active, or may have ceased to be. @returns ends that. */
  watch(group: string, onChange: () => void): () => void;
}

/** What KEDA is told of a group. */
export interface KedaReading {
  /** Whether it needs any instance at all. */
  readonly isActive: boolean;
  readonly metrics: readonly KedaMetric[];
}
