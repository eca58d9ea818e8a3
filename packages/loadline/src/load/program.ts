import { type Random, weightedPicker } from '../base/index.ts';
import type { Lane } from './measure/lane.ts';
import type { Recorder } from './measure/recorder.ts';
import type { Body, LoadPlan, RequestStep, Scenario, Step } from './plan.ts';
import { withoutSecrets } from './redact.ts';
import type { ScenarioFunction } from './scripts/scenario.ts';
import { ScriptRoutes } from './scripts/script-routes.ts';
import { prepareSessionStep, type SessionOp } from './sessions/session-op.ts';
import { Filler, type SlotLinks } from './steps/filler.ts';
import { type Judged, prepareJudged } from './steps/judged.ts';
import { type BodyPart, constantRequest, prepareHeaders, type RequestParts } from './steps/request-parts.ts';
import { readsBody } from './steps/response-values.ts';
import type { SessionStep } from './steps/session-step.ts';
import type { ThinkTime } from './steps/think-time.ts';
import type { OutgoingRequest } from './transports/transport.ts';

/**
 * A scenario made ready to run: its steps in one line with jumps, so that where a user stands is a number;
 * its templates linked, its checks and extractions prepared, its lanes at hand. Shared by all users.
 */
export interface Program {
  readonly name: string;
  readonly ops: readonly Op[];
  /** How many loops are within each other at most: a user counts so many at once. */
  readonly loopDepth: number;
  /** What it does instead of `ops`, where it was written in TypeScript. */
  readonly script: Script | undefined;
}

/** A scenario function, with what its calls lead to. */
export interface Script {
  readonly run: ScenarioFunction;
  readonly routes: ScriptRoutes;
}

export type Op =
  | RequestOp
  | SessionOp
  | { readonly kind: 'think'; readonly think: ThinkTime }
  | { readonly kind: 'pace'; readonly every: ThinkTime }
  /** Draws how often the steps up to `end` are done. */
  | {
      readonly kind: 'repeat';
      readonly from: number;
      readonly to: number;
      readonly loop: number;
      readonly end: number;
    }
  /** Goes back to `begin` until it was often enough. */
  | { readonly kind: 'again'; readonly loop: number; readonly begin: number }
  | {
      readonly kind: 'choose';
      readonly pick: (random: Random) => number;
      readonly targets: readonly number[];
    }
  | { readonly kind: 'jump'; readonly to: number };

/** A request step, prepared. */
export interface RequestOp extends Judged {
  readonly kind: 'request';
  readonly step: RequestStep;
  readonly lane: Lane;
  readonly redirectsMax: number;
  /** The request itself, where it is the same each time. */
  readonly constant: OutgoingRequest | undefined;
  readonly parts: RequestParts;
}

/** Prepares the scenarios of a plan. */
export function compileScenarios(
  plan: Pick<LoadPlan, 'scenarios' | 'limits' | 'environment'>,
  recorder: Recorder,
  links: SlotLinks,
): Program[] {
  return plan.scenarios.map((scenario) => new Compiler(scenario, plan, recorder, links).compile());
}

class Compiler {
  readonly #scenario: Scenario;
  readonly #timeoutMs: number;
  readonly #environment: NonNullable<LoadPlan['environment']>;
  readonly #recorder: Recorder;
  readonly #links: SlotLinks;
  readonly #ops: Op[] = [];
  #loopDepth = 0;

  constructor(
    scenario: Scenario,
    { limits, environment = {} }: Pick<LoadPlan, 'limits' | 'environment'>,
    recorder: Recorder,
    links: SlotLinks,
  ) {
    this.#scenario = scenario;
    this.#timeoutMs = limits.requestTimeoutMs;
    this.#environment = environment;
    this.#recorder = recorder;
    this.#links = links;
  }

  compile(): Program {
    this.#add(this.#scenario.steps, 0);
    const { name, script: run } = this.#scenario;
    return {
      name,
      ops: this.#ops,
      loopDepth: this.#loopDepth,
      script: run === undefined ? undefined : { run, routes: this.#routes(name) },
    };
  }

  #routes(scenario: string): ScriptRoutes {
    const secrets = Object.values(this.#environment);
    return new ScriptRoutes({
      scenario,
      recorder: this.#recorder,
      timeoutMs: this.#timeoutMs,
      environment: this.#environment,
      withoutSecrets: (text) => withoutSecrets(text, secrets),
    });
  }

  #add(steps: readonly Step[], depth: number): void {
    for (const step of steps) {
      if (step.kind === 'request') this.#ops.push(this.#request(step));
      else if (step.kind === 'repeat') this.#repeat(step, depth);
      else if (step.kind === 'choose') this.#choose(step, depth);
      else if (step.kind === 'think' || step.kind === 'pace') this.#ops.push(step);
      else this.#ops.push(this.#sessionStep(step));
    }
  }

  #repeat(step: Step & { kind: 'repeat' }, depth: number): void {
    this.#loopDepth = Math.max(this.#loopDepth, depth + 1);
    const at = this.#ops.push({ kind: 'jump', to: 0 }) - 1;
    this.#add(step.steps, depth + 1);
    this.#ops.push({ kind: 'again', loop: depth, begin: at + 1 });
    this.#ops[at] = { kind: 'repeat', from: step.from, to: step.to, loop: depth, end: this.#ops.length };
  }

  #choose(step: Step & { kind: 'choose' }, depth: number): void {
    const at = this.#ops.push({ kind: 'jump', to: 0 }) - 1;
    const targets: number[] = [];
    const ends: number[] = [];
    for (const branch of step.branches) {
      targets.push(this.#ops.length);
      this.#add(branch.steps, depth);
      ends.push(this.#ops.push({ kind: 'jump', to: 0 }) - 1);
    }
    for (const end of ends) this.#ops[end] = { kind: 'jump', to: this.#ops.length };
    const pick = weightedPicker(step.branches.map((branch) => branch.weight));
    this.#ops[at] = { kind: 'choose', pick, targets };
  }

  #request(step: RequestStep): RequestOp {
    const lane = this.#recorder.lane(this.#scenario.name, step.name);
    const parts: RequestParts = {
      path: new Filler(step.path, 'path', this.#links),
      headers: prepareHeaders(step.headers, this.#links),
      body: step.body === undefined ? undefined : this.#body(step.body),
      timeoutMs: step.timeoutMs ?? this.#timeoutMs,
      keepsBody: step.checks.some(readsBody) || step.saves.some((save) => readsBody(save.from)),
    };
    return {
      kind: 'request',
      step,
      lane,
      ...prepareJudged(step, lane, this.#links),
      // A step that expects a redirect has come to see it.
      redirectsMax: step.redirectsMax ?? (step.expect?.some(isRedirect) ? 0 : 10),
      constant: constantRequest(step.method, parts),
      parts,
    };
  }

  #sessionStep(step: SessionStep): SessionOp {
    const laneOf = (name: string): Lane => this.#recorder.lane(this.#scenario.name, name);
    return prepareSessionStep(step, laneOf, this.#timeoutMs, this.#links);
  }

  #body(body: Body): BodyPart[] {
    if ('text' in body) return [new Filler(body, 'body', this.#links)];
    const literal = (text: string): Filler => new Filler({ text, parts: [text] }, 'body', this.#links);
    const parts: BodyPart[] = [];
    for (const part of body.parts) {
      const opening = `--${body.boundary}\r\ncontent-disposition: form-data; name="${escapeName(part.name)}"`;
      if ('value' in part) {
        parts.push(literal(`${opening}\r\n\r\n`), new Filler(part.value, 'body', this.#links));
      } else {
        const about = `; filename="${escapeName(part.fileName)}"\r\ncontent-type: ${part.contentType}\r\n\r\n`;
        parts.push(literal(`${opening}${about}`), part.bytes);
      }
      parts.push(literal('\r\n'));
    }
    return [...parts, literal(`--${body.boundary}--\r\n`)];
  }
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** As browsers write a name in a form (HTML, section 4.10.21.8). */
function escapeName(name: string): string {
  return name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}
