/** Lends other machines to a run, over a connection that both ends know to be theirs. */
export { type LendOptions, lendMachine } from './lend-machine.ts';
export { type AgentListener, type ListenOptions, listenForAgents } from './listen-for-agents.ts';
export { type ErrandOptions, type PreparedErrand, prepareErrand } from './prepare-errand.ts';
