const secrets: ReadonlySet<string> = new Set([
  'LOADLINE_ADMIN_KEY',
  'LOADLINE_OBSERVE_KEY',
  'LOADLINE_WEBHOOK_SECRET',
  'DATABASE_URL',
]);

/** The environment of a run, which needs neither the keys of the control plane nor its database. Pure. */
export function runEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secrets.has(name)));
}
