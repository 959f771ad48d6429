/** The Config in effect in the forms of the two configuration files. */
import { FAIRWAY_FORM, KUBE_PROXY_FORM } from './fileFields.ts';
import type { FileForm } from './fileFields.ts';
import { KINDS } from './fileValues.ts';
import type { FileValue } from './fileValues.ts';
import { valueAt } from './layers.ts';
import type { Config } from './schema.ts';

/** Fields by name, and sections of them. */
export interface Section {
  [key: string]: FileValue | Section;
}

/**
 * The Config in effect as KubeProxyConfiguration, for /configz and --write-config-to: every field,
 * durations as Go prints them.
 */
export function printConfiguration(config: Config): Section {
  return printSettings(withOwnPeriods(config), KUBE_PROXY_FORM);
}

/** The section iptables has the periods of every mode but ipvs, as in kube-proxy. */
function withOwnPeriods(config: Config): Config {
  if (config.mode !== 'userspace') return config;
  const { syncPeriod, minSyncPeriod } = config.userspace;
  return { ...config, iptables: { ...config.iptables, syncPeriod, minSyncPeriod } };
}

/** What of the Config in effect is ours alone, as FairwayConfiguration. */
export function printFairwayConfiguration(config: Config): Section {
  return printSettings(config, FAIRWAY_FORM);
}

/** What a file of this form would say so that just this Config comes of it. */
function printSettings(config: Config, { apiVersion, kind, fields }: FileForm): Section {
  const root: Section = { apiVersion, kind };
  for (const [name, field] of fields) {
    const keys = name.split('.');
    const leaf = keys.pop() ?? '';
    let section = root;
    for (const key of keys) section = section[key] = sectionOf(section[key]);
    // The table of fields says that what is there is of this kind; a test walks through all.
    section[leaf] = KINDS[field.kind].print(valueAt(config, field.path) as never);
  }
  return root;
}

function sectionOf(value: Section[string] | undefined): Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Section)
    : {};
}
