/** What is wrong although each field alone is right. */
import { printDuration } from './duration.ts';
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

/** Only of the mode in use, as in kube-proxy. */
function syncConflicts(config: Config): readonly Conflict[] {
  const { mode } = config;
  const { syncPeriod, minSyncPeriod } = config[mode];
  if (minSyncPeriod <= syncPeriod) return [];
  const message = `expected at most the sync period of this mode, ${printDuration(syncPeriod)}`;
  return [{ path: `${mode}.minSyncPeriod`, message }];
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
