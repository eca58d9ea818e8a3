import { formatDuration } from '../../base/index.ts';
import { writeHpa } from '../hpa/write-hpa.ts';
import type { ScalingPolicy } from '../policy/policy.ts';
import { type Exported, type ExportRequest, metadataOf, targetOf } from './exported.ts';
import { hpaPaceOf } from './hpa-behavior.ts';
import { hpaMetricsOf } from './hpa-metrics.ts';

/** The `autoscaling/v2` HorizontalPodAutoscaler that comes nearest to a policy. Pure. One that a policy is made of comes back. */
export function exportHpa(request: ExportRequest): Exported {
  const { policy } = request;
  const metadata = metadataOf(request);
  if (policy.hpa !== undefined) {
    const { spec } = writeHpa(policy.hpa) as { spec: Readonly<Record<string, unknown>> };
    return { object: { ...kind, metadata, spec: { ...spec, scaleTargetRef: targetOf(request) } }, notes: [] };
  }
  const { metrics, notes } = hpaMetricsOf(policy);
  const pace = hpaPaceOf(policy);
  const { max, note } = maxOf(policy);
  const { spec } = writeHpa({
    name: metadata.name,
    namespace: metadata.namespace,
    scaleTarget: targetOf(request),
    minReplicas: policy.replicas.min,
    maxReplicas: max,
    metrics,
    behavior: pace.behavior,
  }) as { spec: unknown };
  const none =
    metrics.length === 0
      ? ['No rule is left: it would keep the CPU at 80 %, as Kubernetes does by default.']
      : [];
  return {
    object: { ...kind, metadata, spec },
    notes: [...none, ...notes, ...pace.notes, ...note, ...notesOnSafety(policy)],
  };
}

const kind = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' } as const;

/** What an hour may cost is a number of instances. */
function maxOf({ replicas, cost }: ScalingPolicy): {
  readonly max: number;
  readonly note: readonly string[];
} {
  const { pricePerInstanceHour: price, perHourMax } = cost;
  if (price === undefined || perHourMax === undefined) return { max: replicas.max, note: [] };
  const affordable = Math.max(replicas.min, Math.floor(perHourMax / price));
  if (affordable >= replicas.max) return { max: replicas.max, note: [] };
  return {
    max: affordable,
    note: [
      `The maximum is ${affordable} instead of ${replicas.max}: ${perHourMax} an hour pays for no more.`,
    ],
  };
}

function notesOnSafety({ mode, freezes, cost, staleAfterMs, scaleIn }: ScalingPolicy): readonly string[] {
  const notes: string[] = [];
  if (mode !== 'active')
    notes.push(`The policy is set to \`${mode}\`; an autoscaler acts as soon as it is there.`);
  if (freezes.length > 0)
    notes.push(`Freeze windows cannot be said: ${freezes.map(({ name }) => name).join(', ')}.`);
  if (cost.instanceHoursPerDayMax !== undefined)
    notes.push(`A limit of ${cost.instanceHoursPerDayMax} instance hours a day cannot be said.`);
  notes.push(
    `Values are taken as old as the source gives them; that they are stale after ${formatDuration(staleAfterMs)} cannot be said.`,
  );
  if (scaleIn.select !== 'disabled')
    notes.push('Whether the load still fits after a step down is not looked at there.');
  return notes;
}
