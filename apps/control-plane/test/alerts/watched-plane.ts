import type { Plane } from '../plane.ts';

/** Measures a metric of a service every second, for as long as is said. */
export async function measure(
  plane: Plane,
  seconds: number,
  value: number,
  {
    metric = 'queue_depth',
    service = 'shop',
    unit = 'count',
  }: { readonly metric?: string; readonly service?: string; readonly unit?: string } = {},
): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    const series = { metric, unit, service, instance: 'a' };
    await plane.store.metrics.write([{ series, atMs: plane.clock.now(), value }]);
    await plane.clock.advance(1000);
  }
}

/** The changes that the log was told of: `deep-queue fired`. */
export function toldChanges(log: readonly string[]): string[] {
  return log.flatMap((line) => {
    const { schema, alerts = [] } = JSON.parse(line) as {
      readonly schema?: string;
      readonly alerts?: readonly { readonly rule: string; readonly change: string }[];
    };
    return schema === 'loadline.notification/1' ? alerts.map(({ rule, change }) => `${rule} ${change}`) : [];
  });
}

export const deepQueue: Readonly<Record<string, unknown>> = {
  name: 'deep-queue',
  metric: 'queue_depth',
  above: { warning: 5, critical: 10 },
  for: '10s',
  runbook: 'https://runbooks.example/queue',
};
