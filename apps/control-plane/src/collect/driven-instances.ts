import { type InstanceSource, parseWatchUrl } from './watched.ts';

/** Gives the instances that a driver runs. */
export type RunningInstances = () => Promise<
  readonly { readonly service: string; readonly instance: string; readonly url: string }[]
>;

/** Those that this control plane runs itself. */
export function createDrivenInstances(running: RunningInstances): InstanceSource {
  return {
    list: async () =>
      (await running()).flatMap(({ service, instance, url: text }) => {
        const url = parseWatchUrl(text);
        return url === undefined ? [] : [{ service, instance, url, source: 'services' as const }];
      }),
  };
}
