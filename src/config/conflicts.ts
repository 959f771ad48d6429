/** What is wrong although each field alone is right. */
import type { Config } from './schema.ts';

export interface Conflict {
  /** The field to change, with dots: `iptables.minSyncPeriod`. */
  readonly path: string;
  /** "expected …" */
  readonly message: string;
}

export function findConflicts(config: Config): readonly Conflict[] {
  return [...syncConflicts(config), ...detectorConflicts(config), ...sourceConflicts(config)];
}

function syncConflicts({ iptables }: Config): readonly Conflict[] {
  if (iptables.minSyncPeriod <= iptables.syncPeriod) return [];
  return [
    {
      path: 'iptables.minSyncPeriod',
      message: `expected at most --iptables-sync-period (${String(iptables.syncPeriod)}ms)`,
    },
  ];
}

function detectorConflicts({ detectLocalMode, detectLocal }: Config): readonly Conflict[] {
  if (detectLocalMode === 'BridgeInterface' && detectLocal.bridgeInterface === undefined) {
    return [needed('detectLocal.bridgeInterface', 'the name of a bridge', detectLocalMode)];
  }
  if (detectLocalMode === 'InterfaceNamePrefix' && detectLocal.interfaceNamePrefix === undefined) {
    return [needed('detectLocal.interfaceNamePrefix', 'a prefix of names', detectLocalMode)];
  }
  return [];
}

function needed(path: string, what: string, mode: string): Conflict {
  return { path, message: `expected ${what}, because of --detect-local-mode=${mode}` };
}

function sourceConflicts({ manifests, clientConnection }: Config): readonly Conflict[] {
  if (manifests === undefined || clientConnection.kubeconfig === undefined) return [];
  return [
    { path: 'manifests', message: 'expected nothing beside --kubeconfig: objects have one source' },
  ];
}
