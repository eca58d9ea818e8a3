import { loadError } from './errors.ts';
import type { LoadPlan, Step } from './plan.ts';
import type { LoadTransport, SessionProtocol } from './transports/session.ts';

/** By what protocols the sessions of a plan connect; none where it has no sessions. */
export function sessionProtocolsOf({ scenarios }: Pick<LoadPlan, 'scenarios'>): SessionProtocol[] {
  return [...new Set(scenarios.flatMap(({ steps }) => steps.flatMap(protocolsOf)))];
}

/** @throws LOAD_SESSIONS_MISSING where a transport cannot open the sessions of a plan. */
export function requireSessions(plan: Pick<LoadPlan, 'name' | 'scenarios'>, transport: LoadTransport): void {
  const missing = sessionProtocolsOf(plan).filter((protocol) => transport.sessions?.[protocol] === undefined);
  if (missing.length === 0) return;
  throw loadError(
    'LOAD_SESSIONS_MISSING',
    `Cannot run ${JSON.stringify(plan.name)}: it has sessions by ${missing.join(' and ')}, which its transport does not open. Open the transport with \`sessions: sessionProtocolsOf(plan)\`.`,
    { facts: { missing } },
  );
}

function protocolsOf(step: Step): SessionProtocol[] {
  switch (step.kind) {
    case 'connect':
      return [step.protocol];
    case 'repeat':
      return step.steps.flatMap(protocolsOf);
    case 'choose':
      return step.branches.flatMap(({ steps }) => steps.flatMap(protocolsOf));
    default:
      return [];
  }
}
