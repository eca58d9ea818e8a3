/** Policy, decision, driver, outcome; rollouts. */
export {};
