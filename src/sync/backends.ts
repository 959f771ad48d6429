/** The backend of a mode. */
import type { Backend, Mode } from '../backends/backend.ts';
import { iptablesBackend } from '../backends/iptables/index.ts';
import type { IptablesPrograms } from '../backends/iptables/restore.ts';
import { ipvsBackend } from '../backends/ipvs/index.ts';
import { takingOver } from '../takeover/index.ts';
import { userspaceBackend } from '../backends/userspace/index.ts';
import type { Config } from '../config/schema.ts';
import { ownAddresses } from '../kernel/interfaces.ts';
import { ipInCidr } from '../net/address.ts';
import type { Cidr } from '../net/address.ts';

/**
 * What the operator's mode makes rules with. `relayPort` is that of the open relay; in a dry run the
 * one that it would take first.
 */
export function backendOf(
  config: Pick<Config, 'mode' | 'ipvs' | 'userspace'>,
  programs: IptablesPrograms,
  relayPort: number = config.userspace.ports.first,
): Backend {
  const { excludeCIDRs, drainTimeout } = config.ipvs;
  const now = (): number => performance.now();
  const make: Readonly<Record<Mode, () => Backend>> = {
    iptables: () => iptablesBackend(programs),
    ipvs: () => ipvsBackend({ programs, excludeCIDRs, drainTimeout, now }),
    userspace: () => userspaceBackend({ programs, relayPort }),
  };
  const backend = make[config.mode]();
  const port = config.mode === 'userspace' ? relayPort : undefined;
  return takingOver(backend, { programs, relayPort: port, drainTimeout, now });
}

/**
 * The addresses that decide what a backend of this mode may do, as text. Those of links come and go
 * with every pod, and are no Service's.
 */
export function addressesHeeded(mode: Mode): () => string {
  if (mode === 'iptables') return () => '';
  return () =>
    ownAddresses()
      .filter((ip) => !ipInCidr(ip, LINK_LOCAL))
      .join(' ');
}

const LINK_LOCAL = 'fe80::/10' as Cidr;
