/** What was decided, and what went wrong and was survived, since the start. */
export interface GroupCounts {
  rounds: number;
  /** Decisions, by their action, whatever came of them. */
  scaleOuts: number;
  scaleIns: number;
  holds: number;
  /** Rounds that did not begin because the one before was still under way. */
  skipped: number;
  /** Rounds in which the driver told nothing; then nothing is decided. */
  unseen: number;
  /** Times that the source of the metrics, or of their past, did not answer. */
  unread: number;
  /** Values that were no number, negative, too old or from the future. */
  setAside: number;
  /** Steps that the driver refused, failed at, or left without an answer. */
  notTaken: number;
  /** Times that the memory did not take an event; it is offered again with the next round. */
  unremembered: number;
  /** Events that were never remembered, because too many were waiting. */
  forgotten: number;
}

/** Which of them counts a decision. */
export const countOf = { 'scale out': 'scaleOuts', 'scale in': 'scaleIns', hold: 'holds' } as const;

export const noCounts: GroupCounts = {
  rounds: 0,
  scaleOuts: 0,
  scaleIns: 0,
  holds: 0,
  skipped: 0,
  unseen: 0,
  unread: 0,
  setAside: 0,
  notTaken: 0,
  unremembered: 0,
  forgotten: 0,
};
