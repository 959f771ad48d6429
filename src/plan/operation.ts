/** What is to be done to the node, as values. Nothing here does anything. */

export interface RunOperation {
  readonly kind: 'run';
  /** One line for a person: what this part is for. */
  readonly purpose: string;
  /** Name of the program, looked up in PATH: `iptables-nft-restore`. */
  readonly program: string;
  readonly args: readonly string[];
  readonly stdin: string | undefined;
  /** The lines of the input stand alone: one that is refused must not keep the others out. */
  readonly linesStandAlone?: true;
}

export interface SysctlOperation {
  readonly kind: 'sysctl';
  readonly purpose: string;
  /** Dotted name: `net.ipv4.conf.all.route_localnet`. */
  readonly name: string;
  readonly value: string;
}

export type Operation = RunOperation | SysctlOperation;

/** Operations in the order in which they must be done; the first failure stops the rest. */
export interface Plan {
  readonly operations: readonly Operation[];
}
