/**
 * Outlier ejection: an endpoint that fails several times in a row is set aside for a growing time.
 * After it, one connection probes the endpoint, and only its success brings it back.
 */
export interface Health {
  /** Failures since the last success. */
  failures: number;
  /** Set aside, and to be probed from then on, in milliseconds; undefined while in service. */
  asideUntil: number | undefined;
  /** A probe is under way, of which nobody need hear any more after this. */
  probeUntil: number;
  /** Whether the probe is a UDP flow, which may never be answered: no failure is success. */
  isProbeOneWay: boolean;
  /** How often in a row it was set aside. */
  times: number;
  /** When it last came back. */
  backSince: number;
}

export interface HealthOptions {
  /** So many failures in a row set an endpoint aside. */
  readonly failuresInRow: number;
  /** For how long the first time, in milliseconds; each further time twice as long. */
  readonly firstAsideMs: number;
  readonly longestAsideMs: number;
  /** When no news of a probe is over, in milliseconds. */
  readonly probeMs: number;
  /** 0 to 1, for jitter: endpoints that failed together are not probed together. */
  readonly random: () => number;
}

/** An endpoint of which nothing bad is known. */
export const HEALTHY: Health = {
  failures: 0,
  asideUntil: undefined,
  probeUntil: -Infinity,
  isProbeOneWay: false,
  times: 0,
  backSince: -Infinity,
};

export function resetHealth(health: Health): void {
  Object.assign(health, HEALTHY);
}

/** Whether one connection may try it although it is set aside. */
export function isProbeDue({ asideUntil, probeUntil }: Health, now: number): boolean {
  return asideUntil !== undefined && now >= asideUntil && now >= probeUntil;
}

/** A connection to it is about to be tried; when a probe is due, it is this one. */
export function beginTry(health: Health, now: number, { probeMs }: HealthOptions): void {
  if (!isProbeDue(health, now)) return;
  health.probeUntil = now + probeMs;
  health.isProbeOneWay = false;
}

/** It was sent something and need not answer. */
export function markOneWay(health: Health, now: number): void {
  if (now < health.probeUntil) health.isProbeOneWay = true;
}

/** Whether a probe that need not be answered has lasted without a failure. */
export function hasLasted({ isProbeOneWay, asideUntil, probeUntil }: Health, now: number): boolean {
  return isProbeOneWay && asideUntil !== undefined && now >= probeUntil;
}

/** It works. Whether that brought it back. */
export function recordSuccess(health: Health, now: number): boolean {
  health.failures = 0;
  if (health.asideUntil === undefined) return false;
  health.asideUntil = undefined;
  health.isProbeOneWay = false;
  health.backSince = now;
  return true;
}

/** It does not. Whether that set it aside, out of service. */
export function recordFailure(health: Health, now: number, options: HealthOptions): boolean {
  health.failures += 1;
  if (health.asideUntil !== undefined) {
    // Others may fail meanwhile, when too many are set aside to do without; only a probe counts.
    if (now >= health.asideUntil) setAside(health, now, options);
    return false;
  }
  if (health.failures < options.failuresInRow) return false;
  if (now - health.backSince > options.longestAsideMs) health.times = 0;
  setAside(health, now, options);
  return true;
}

function setAside(health: Health, now: number, options: HealthOptions): void {
  const full = Math.min(options.firstAsideMs * 2 ** health.times, options.longestAsideMs);
  health.times += 1;
  // Three quarters to all of it.
  health.asideUntil = now + full * (1 - options.random() / 4);
  health.probeUntil = -Infinity;
  health.isProbeOneWay = false;
}
