/** Where the servers listen. */
export interface ServePorts {
  /** HTTP with connections that are kept. */
  readonly http: number;
  /** Greets, then sends back what it is sent. */
  readonly tcp: number;
  /** Sends zeros without end. */
  readonly bulk: number;
  /** Sends datagrams back. */
  readonly udp: number;
}

/** Ports that need no privilege; each may be another, 0 lets the kernel choose. */
export const DEFAULT_PORTS: ServePorts = { http: 7080, tcp: 7007, bulk: 7019, udp: 7007 };
