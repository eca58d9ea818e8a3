/** Says whether this process may act for all that could: asked right before each change, never remembered. */
export interface Fence {
  /** Cheap: it asks a clock, and nobody else. */
  check(): Permit;
}

/** Whether it may act at this moment, and for how long; or why it may not. */
export type Permit =
  | {
      readonly mayAct: true;
      /** Whatever is begun now has to have ended by then. */
      readonly forMs: number;
    }
  | { readonly mayAct: false; readonly because: string };
