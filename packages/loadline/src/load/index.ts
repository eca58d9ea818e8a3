/** Makes traffic on schedule and tells the truth about it. */
export {};
