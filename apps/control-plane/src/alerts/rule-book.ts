import { ended, type Problem as Mistaken } from 'loadline/base';
import { type AlertPolicy, type AlertRule, alertRulePresets, parseAlertRule } from 'loadline/monitoring';
import type { Document, Documents } from 'loadline/store';
import type { AlertRuleOrder } from '../contract/index.ts';
import { type Mistake, Problem, pointerOf, tooMany, unknownThing, wrongInBody } from '../problems/index.ts';

/** A rule, and where it comes from. */
export interface KnownRule {
  readonly rule: AlertRule;
  readonly origin: 'preset' | 'file' | 'api';
  /** 0 where it is not of the API. */
  readonly version: number;
  readonly written?: AlertRuleOrder;
  readonly changedBy?: string;
  readonly changedAtMs?: number;
}

export interface RuleBookOptions {
  readonly documents: Documents;
  /** What is there without the API: presets, and those of a file. */
  readonly base: AlertPolicy;
  /** Hears of rules that were kept and cannot be read any more. */
  readonly onFailure: (error: unknown) => void;
}

export interface RuleChange {
  readonly written: AlertRuleOrder;
  /** The version that it is to replace; undefined where any will do. */
  readonly replaces: number | undefined;
  readonly changedBy: string;
}

interface KeptRule {
  readonly written: AlertRuleOrder;
  readonly changedBy: string;
}

const kind = 'alert rule';
const rulesMax = 500;

/** All rules by name: one of the API stands in the place of one of the file or a preset. */
export class RuleBook {
  readonly #options: RuleBookOptions;
  readonly #own = new Map<string, KnownRule>();

  private constructor(options: RuleBookOptions) {
    this.#options = options;
  }

  static async open(options: RuleBookOptions): Promise<RuleBook> {
    const book = new RuleBook(options);
    await book.reload();
    return book;
  }

  /** Reads those of the API anew: another control plane of the database may have changed them. */
  async reload(): Promise<void> {
    const documents = await this.#options.documents.list(kind);
    this.#own.clear();
    for (const document of documents) {
      const { written } = document.body as KeptRule;
      const parsed = parseAlertRule(written);
      if (parsed.ok) this.#keep(document, parsed.value);
      else
        this.#options.onFailure(
          new Error(`The alert rule ${document.id} was kept and cannot be read any more.`),
        );
    }
  }

  /** What a monitor goes by. */
  get policy(): AlertPolicy {
    return { ...this.#options.base, rules: this.list().map(({ rule }) => rule) };
  }

  /** By name. */
  list(): readonly KnownRule[] {
    const given = this.#options.base.rules.filter(({ name }) => !this.#own.has(name)).map(givenRule);
    return [...given, ...this.#own.values()].toSorted((a, b) => (a.rule.name < b.rule.name ? -1 : 1));
  }

  /** @throws CONTROL_PLANE_REQUEST_INVALID, CONTROL_PLANE_STATE_CONFLICT, CONTROL_PLANE_TOO_MANY. */
  async create(written: AlertRuleOrder, changedBy: string): Promise<KnownRule> {
    const rule = readRule(written, []);
    const known = this.#find(rule.name);
    if (known !== undefined)
      throw new Problem('CONTROL_PLANE_STATE_CONFLICT', `There is a rule of this name already; replace it.`);
    if (this.list().length >= rulesMax) throw tooMany(`There are ${rulesMax} rules already.`, 3600);
    return this.#put(rule, { written, changedBy }, 0);
  }

  /** @throws besides, CONTROL_PLANE_NOT_FOUND. */
  async replace(name: string, { written, replaces, changedBy }: RuleChange): Promise<KnownRule> {
    const known = this.#find(name);
    if (known === undefined) throw unknownThing('rule');
    const rule = readRule(written, ['rule']);
    if (rule.name !== name)
      throw wrongInBody('/rule/name', `must be ${JSON.stringify(name)}, as in the path`);
    if (replaces !== undefined && replaces !== known.version) throw otherVersion(known.version);
    return this.#put(rule, { written, changedBy }, known.version);
  }

  /** @throws CONTROL_PLANE_NOT_FOUND, CONTROL_PLANE_STATE_CONFLICT. */
  async remove(name: string): Promise<void> {
    const known = this.#find(name);
    if (known === undefined) throw unknownThing('rule');
    if (known.origin !== 'api')
      throw new Problem(
        'CONTROL_PLANE_STATE_CONFLICT',
        `This rule is ${known.origin === 'preset' ? 'built in' : 'one of the file'}; replace it, or silence it.`,
      );
    await this.#options.documents.remove(kind, name);
    this.#own.delete(name);
  }

  #find(name: string): KnownRule | undefined {
    return this.list().find(({ rule }) => rule.name === name);
  }

  async #put(rule: AlertRule, kept: KeptRule, ifVersion: number): Promise<KnownRule> {
    const stored = await this.#options.documents.put(kind, rule.name, kept, { ifVersion });
    if (stored.outcome === 'conflict') throw otherVersion(stored.found?.version ?? 0);
    return this.#keep(stored.document, rule);
  }

  #keep({ body, version, updatedAtMs }: Document, rule: AlertRule): KnownRule {
    const { written, changedBy } = body as KeptRule;
    const known = { rule, origin: 'api', version, written, changedBy, changedAtMs: updatedAtMs } as const;
    this.#own.set(rule.name, known);
    return known;
  }
}

function givenRule(rule: AlertRule): KnownRule {
  const isPreset = Object.values(alertRulePresets).some((rules) => rules.includes(rule));
  return { rule, origin: isPreset ? 'preset' : 'file', version: 0 };
}

function readRule(written: AlertRuleOrder, path: readonly string[]): AlertRule {
  const parsed = parseAlertRule(written);
  if (parsed.ok) return parsed.value;
  throw wrongRule(parsed.problems, path);
}

/** Each mistake with its place in the body. */
export function wrongRule(problems: readonly Mistaken[], path: readonly string[]): Problem {
  const errors = problems.map(
    (problem): Mistake => ({
      in: 'body',
      pointer: pointerOf([...path, ...problem.path]),
      detail: problem.message,
    }),
  );
  const told = errors.slice(0, 3).map(({ pointer, detail }) => `${pointer || 'the body'} ${detail}`);
  const rest = errors.length > told.length ? `; and ${errors.length - told.length} more` : '';
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', ended(`${told.join('; ')}${rest}`), { errors });
}

function otherVersion(version: number): Problem {
  return new Problem(
    'CONTROL_PLANE_STATE_CONFLICT',
    `The rule has version ${version} now; look at it before you replace it.`,
  );
}
