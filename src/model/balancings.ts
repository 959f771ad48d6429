/** How the relay of userspace mode picks an endpoint. */
export const BALANCINGS = ['round-robin', 'random', 'least-connections', 'maglev'] as const;

export type Balancing = (typeof BALANCINGS)[number];
