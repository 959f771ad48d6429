/** Reading scenario folders, with errors that say where and what. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Mode } from '../../../src/backends/backend.ts';
import { CLUSTER_CIDR, memberNamed } from '../topology.ts';
import { resolveAddress, resolveTarget } from './addresses.ts';
import type { AddressNames } from './addresses.ts';
import { scenarioSchema } from './schema.ts';
import type { Flow } from './schema.ts';

export interface Step {
  /** Empty for the first. */
  readonly name: string;
  /** The objects from now on; undefined leaves them as they are. */
  readonly objects: string | undefined;
  readonly commands: readonly string[];
  readonly pauseSeconds: number | undefined;
  readonly repairSeconds: number | undefined;
  readonly isRestart: boolean;
  readonly flows: readonly Flow[];
  readonly keeps: readonly string[];
}

export interface Scenario {
  /** The folder's name. */
  readonly name: string;
  readonly directory: string;
  readonly describe: string;
  readonly flags: readonly string[];
  /** Why no packets can be sent, where that is so. */
  readonly skipTraffic: string | undefined;
  /** Modes that cannot do it, and why. */
  readonly notIn: Readonly<Partial<Record<Mode, string>>>;
  readonly addresses: AddressNames;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly steps: readonly Step[];
}

/** Every scenario below `root`, by name. */
export function loadScenarios(root: string): readonly Scenario[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => loadScenario(join(root, entry.name), entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One scenario folder; throws when something in it is missing, misspelt or points nowhere. */
export function loadScenario(directory: string, name: string): Scenario {
  const file = join(directory, 'flows.yaml');
  const parsed = scenarioSchema.safeParse(parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file}:\n${z.prettifyError(parsed.error)}`);
  const { describe, addresses, before, after, flows, keeps, then } = parsed.data;
  const { skipTraffic, notIn } = parsed.data;
  const flags = parsed.data.flags ?? [`--cluster-cidr=${CLUSTER_CIDR}`];
  const first: Step = {
    ...{ name: '', commands: [], pauseSeconds: undefined, repairSeconds: undefined, flows, keeps },
    isRestart: parsed.data.freshAgent === true,
    objects: readFileSync(join(directory, 'objects.yaml'), 'utf8'),
  };
  const later = then.map(
    ({ step, restart, commands, pauseSeconds, repairSeconds, flows, keeps }) => ({
      ...{ name: step, commands, pauseSeconds, repairSeconds, flows, keeps },
      isRestart: restart === true,
      objects: readIfThere(join(directory, `objects.${step}.yaml`)),
    }),
  );
  const scenario: Scenario = {
    ...{ name, directory, describe, flags, skipTraffic, notIn, addresses, before, after },
    steps: [first, ...later],
  };
  for (const flow of scenario.steps.flatMap((step) => step.flows)) checkNames(flow, scenario, file);
  return scenario;
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function checkNames(flow: Flow, scenario: Scenario, file: string): void {
  try {
    for (const from of flow.from) memberNamed(from);
    for (const to of flow.to) resolveTarget(to, scenario.addresses);
    if (flow.source !== undefined) memberNamed(flow.source);
    for (const source of Object.values(flow.sourceIn)) memberNamed(source);
    if (flow.sourceAddress !== undefined) resolveAddress(flow.sourceAddress, scenario.addresses);
    for (const server of typeof flow.expect === 'string' ? [] : flow.expect) {
      resolveAddress(server, scenario.addresses);
    }
  } catch (error) {
    throw new Error(`${file}: flow to ${flow.to.join(', ')}: ${String(error)}`, { cause: error });
  }
}
