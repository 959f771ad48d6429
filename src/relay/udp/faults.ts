/** Faults may come with every datagram, and are told once in a while. */

const TOLD_EVERY_MS = 1000;

export function createFaults(
  now: () => number,
  tell: (error: unknown) => void,
): (error: unknown) => void {
  let toldAt = -Infinity;
  return (error) => {
    if (now() - toldAt < TOLD_EVERY_MS) return;
    toldAt = now();
    tell(error);
  };
}
