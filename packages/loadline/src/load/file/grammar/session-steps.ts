import type { Field, ObjectField } from '../../../base/index.ts';
import type { HeaderTemplate } from '../../steps/request-parts.ts';
import type { Check } from '../../steps/response-values.ts';
import type {
  ConnectStep,
  DisconnectStep,
  Expected,
  MessageMatch,
  ReceiveStep,
  SendStep,
} from '../../steps/session-step.ts';
import type { Template } from '../../steps/template.ts';
import { sessionProtocols } from '../../transports/session.ts';
import { readChecks, readJsonChecks, readPatternCheck } from './checks.ts';
import { literalHeader, overlayHeaders } from './headers.ts';
import { keys, type StepKey } from './keys.ts';
import { readPathAndQuery, readTimeout, type StepContext } from './request.ts';
import { readSaves } from './saves.ts';
import { type Names, readJsonTemplate, readTemplate } from './templates.ts';

/** The keys that a session step may have besides its own. */
export const sessionKeys = {
  connect: ['as', 'name', 'query', 'headers', 'auth', 'timeout'],
  send: ['name', 'await', 'within', 'check', 'save'],
  receive: ['name', 'within', 'check', 'save'],
  disconnect: [],
} as const;

export function readConnect(step: ObjectField<StepKey>, context: StepContext): ConnectStep {
  const { names } = context;
  const { path, shown } = readPathAndQuery(step, 'connect', names);
  const timeoutMs = readTimeout(step.optional('timeout'));
  // What requests send and take says nothing of a session.
  const inherited = context.headers.filter(({ name }) => name !== 'accept' && name !== 'content-type');
  return {
    kind: 'connect',
    name: step.optional('name')?.string() ?? `connect ${shown}`,
    protocol: step.optional('as')?.oneOf(sessionProtocols) ?? 'websocket',
    path,
    headers: withAgent(overlayHeaders(inherited, step, names)),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

export function readSend(step: ObjectField<StepKey>, names: Names): SendStep {
  const text = readText(step.required('send'), names);
  const answer = step.optional('await');
  const name = step.optional('name')?.string() ?? `send ${abridge(text.text)}`;
  if (answer !== undefined) return { kind: 'send', name, text, answer: readExpected(step, answer, names) };
  for (const key of ['within', 'check', 'save'] as const)
    step.optional(key)?.problem('is about the answer; it goes with await');
  return { kind: 'send', name, text };
}

export function readReceive(step: ObjectField<StepKey>, names: Names): ReceiveStep {
  const field = step.required('receive');
  return {
    kind: 'receive',
    name: step.optional('name')?.string() ?? ['receive', abridge(describe(field))].join(' ').trim(),
    message: readExpected(step, field, names),
  };
}

export function readDisconnect(step: ObjectField<StepKey>): DisconnectStep {
  const field = step.required('disconnect');
  if (field.value !== true) field.problem('must be true, as in `- disconnect: true`');
  return { kind: 'disconnect' };
}

/** A text with holes; a map or a list is sent as JSON. */
function readText(field: Field, names: Names): Template {
  return typeof field.value === 'object' && field.value !== null
    ? readJsonTemplate(field, names)
    : readTemplate(field, names);
}

/** What stands at `await` or `receive`, with what its step says of the message. */
function readExpected(step: ObjectField<StepKey>, field: Field, names: Names): Expected {
  const timeoutMs = readTimeout(step.optional('within'));
  const check = step.optional('check');
  const save = step.optional('save');
  if (check !== undefined) refuseOfResponses(check);
  for (const name of namesIn(save?.value)) refuseExtraction(save?.at(name) as Field);
  return {
    match: readMatch(field, names),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    checks: check === undefined ? [] : readChecks(check),
    saves: save === undefined ? [] : readSaves(save),
  };
}

function readMatch(field: Field, names: Names): MessageMatch {
  const match = field.object(keys.match);
  const event = match.optional('event')?.string();
  const contains = match.optional('contains');
  const matches = match.optional('matches');
  const checks: Check[] = [
    ...(matches === undefined ? [] : [readPatternCheck(matches)]),
    ...readJsonChecks(match.optional('json')),
  ];
  return {
    ...(event === undefined ? {} : { event }),
    ...(contains === undefined ? {} : { contains: readTemplate(contains, names) }),
    checks,
  };
}

function refuseOfResponses(check: Field): void {
  const status = check.at('status');
  if (status.value !== undefined) status.problem('is of responses; a message has none');
  for (const name of namesIn(check.at('header').value)) refuseHeader(check.at('header').at(name), name);
}

function refuseExtraction(save: Field): void {
  const [header, cookie] = [save.at('header'), save.at('cookie')];
  if (cookie.value !== undefined) cookie.problem('is of responses; a message has none');
  if (typeof header.value === 'string') refuseHeader(header, header.value);
}

function refuseHeader(field: Field, name: string): void {
  if (name.toLowerCase() !== 'event')
    field.problem('is of responses; a message has only one, event, which is the type of a server-sent event');
}

function withAgent(headers: readonly HeaderTemplate[]): readonly HeaderTemplate[] {
  if (headers.some(({ name }) => name === 'user-agent')) return headers;
  return [literalHeader('user-agent', 'loadline'), ...headers];
}

/** A match in few words, for the name of its row. */
function describe({ value }: Field): string {
  const { event, contains, ...others } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const rest = Object.keys(others).length > 0 ? [JSON.stringify(others)] : [];
  return [event, contains, ...rest].filter((each) => typeof each === 'string').join(' ');
}

const charactersMax = 40;

function abridge(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > charactersMax ? `${line.slice(0, charactersMax - 1)}…` : line;
}

function namesIn(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
