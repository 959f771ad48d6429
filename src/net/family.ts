/** An IP family. Dual stack is a loop over these two, never a wrapper class. */
export type Family = 4 | 6;

export const FAMILIES: readonly Family[] = [4, 6];
