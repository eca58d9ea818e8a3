import { createRandom } from '../base/index.ts';
import type { Share } from './share.ts';
import { type Employer, type UserContext, VirtualUser } from './virtual-user.ts';

/** All users of a run, whoever employs them: gives them their numbers and their chance, and ends them. */
export class Crew {
  readonly #context: UserContext;
  readonly #seed: number;
  readonly #share: Share;
  readonly #usersMax: number;
  /** Dense, so that a hundred thousand are a list and no more. */
  readonly #users: VirtualUser[] = [];
  /** Numbers of users that have left: taken again first, so that each stays with its row of data. */
  readonly #freeNumbers: number[] = [];
  /** How many users there ever were: each draws from a stream of its own, also one that takes a free number. */
  #born = 0;
  #isDissolving = false;

  constructor(context: UserContext, seed: number, share: Share, usersMax: number) {
    this.#context = context;
    this.#seed = seed;
    this.#share = share;
    this.#usersMax = usersMax;
  }

  get size(): number {
    return this.#users.length;
  }

  get users(): readonly VirtualUser[] {
    return this.#users;
  }

  /** Whether an open stage may have another one. */
  get hasRoom(): boolean {
    return this.#users.length < this.#usersMax;
  }

  hire(employer: Employer): VirtualUser {
    const { index, count } = this.#share;
    const number = this.#freeNumbers.pop() ?? this.#users.length * count + index;
    const random = createRandom(this.#seed, this.#born++ * count + index);
    const user = new VirtualUser(number, random, this.#context, employer);
    user.slot = this.#users.push(user) - 1;
    return user;
  }

  dismiss(user: VirtualUser): void {
    const last = this.#users.pop() as VirtualUser;
    if (last !== user) {
      this.#users[user.slot] = last;
      last.slot = user.slot;
    }
    user.slot = -1;
    this.#freeNumbers.push(user.user);
    user.leave();
    if (!this.#isDissolving) user.close();
  }

  /** From now on connections stay open: to close thousands takes long, and what is measured should be told before. */
  dissolve(): void {
    this.#isDissolving = true;
  }
}
