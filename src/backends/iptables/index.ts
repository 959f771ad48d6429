/** iptables mode: see README.md beside this file for the path of a packet. */
import type { Backend } from '../backend.ts';
import { readInstalled } from './readSave.ts';
import { renderIptables } from './render.ts';
import { planIptables } from './restore.ts';
import type { IptablesPrograms } from './restore.ts';

/** The backend over one variant's programs. */
export function iptablesBackend(programs: IptablesPrograms): Backend {
  return {
    mode: 'iptables',
    render: renderIptables,
    read: (node) => readInstalled(node, programs),
    plan: (installed, desired) => ({
      ...planIptables(installed, desired, programs),
      reached: desired,
    }),
  };
}
