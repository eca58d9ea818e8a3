/** Something that is ready to go out. */
export interface Parcel {
  /** It is its turn. */
  leave(): void;
}

/**
 * What is to be sent in answer to what was received goes out when all that has come in this turn of the event loop
 * is handled: reading many and then writing many costs the kernel and the processor less than taking turns. At low
 * rates a turn brings one answer, and nobody waits for anybody.
 */
export class Outbox {
  #parcels: Parcel[] = [];
  #leaving: Parcel[] = [];

  add(parcel: Parcel): void {
    if (this.#parcels.push(parcel) === 1) setImmediate(this.#empty);
  }

  readonly #empty = (): void => {
    const leaving = this.#parcels;
    this.#parcels = this.#leaving;
    this.#leaving = leaving;
    for (let index = 0; index < leaving.length; index++) (leaving[index] as Parcel).leave();
    leaving.length = 0;
  };
}
