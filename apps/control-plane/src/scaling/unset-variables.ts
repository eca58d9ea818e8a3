import type { ServiceDescription } from './service-description.ts';

/** What is said at the start of variables that services inherit and that are not set: often one was not exported. Pure. */
export function tellUnsetVariables(services: readonly ServiceDescription[]): string[] {
  return services.flatMap(({ name, command, candidate }) => {
    const environments = [command.environment, candidate?.command.environment ?? {}];
    const unset = new Set(
      environments.flatMap((environment) =>
        Object.entries(environment).flatMap(([variable, value]) => (value === undefined ? [variable] : [])),
      ),
    );
    return unset.size === 0
      ? []
      : [`The service ${name} inherits ${[...unset].join(', ')}, not set here: its instances start without.`];
  });
}
