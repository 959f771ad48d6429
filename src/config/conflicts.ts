/** What is wrong although each field alone is right. */
import { MODES } from '../backends/backend.ts';
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

function syncConflicts(config: Config): readonly Conflict[] {
  return MODES.filter((mode) => config[mode].minSyncPeriod > config[mode].syncPeriod).map(
    (mode) => ({
      path: `${mode}.minSyncPeriod`,
      message: `expected at most --${mode}-sync-period (${String(config[mode].syncPeriod)}ms)`,
    }),
  );
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
