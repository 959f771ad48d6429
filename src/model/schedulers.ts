/** The schedulers of the kernel's load balancer (ipvsadm(8); `twos` since Linux 6.1). */
export const SCHEDULERS = [
  ...(['rr', 'wrr', 'lc', 'wlc', 'lblc', 'lblcr', 'dh'] as const),
  ...(['sh', 'sed', 'nq', 'fo', 'ovf', 'mh', 'twos'] as const),
] as const;

export type Scheduler = (typeof SCHEDULERS)[number];

/** Says it for one Service. */
export const SCHEDULER_ANNOTATION = 'fairway.dev/scheduler';
