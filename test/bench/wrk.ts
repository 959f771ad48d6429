/** Answered requests a second from what wrk prints; throws when some were not answered. */
export function parseWrk(output: string): number {
  const rate = /^Requests\/sec:\s+([\d.]+)$/m.exec(output)?.[1];
  const trouble = /^ *(?:Socket errors|Non-2xx).*$/m.exec(output)?.[0];
  if (rate !== undefined && trouble === undefined) return Number(rate);
  throw new Error(`expected wrk to have every request answered, found "${trouble ?? output}"`);
}
