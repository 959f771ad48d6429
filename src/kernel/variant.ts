/** Which of the two kinds of iptables this node uses: rules of the other kind would fight it. */
import type { NodeReader } from '../backends/backend.ts';
import { FAMILIES } from '../net/family.ts';
import type { Family } from '../net/family.ts';
import { KernelError } from './errors.ts';

export type Variant = 'nft' | 'legacy';

interface ProgramNames {
  readonly restore: string;
  readonly save: string;
}

/** The iptables programs to use on this node, and what they can do. */
export interface IptablesPrograms {
  readonly variant: Variant;
  /** One line for a log: why this variant. */
  readonly reason: string;
  /** `1.8.9` */
  readonly version: string;
  /** MASQUERADE knows --random-fully. */
  readonly hasRandomFully: boolean;
  /** The families whose nat table works: a kernel may have been started without IPv6. */
  readonly families: readonly Family[];
  readonly names: Readonly<Record<Family, ProgramNames>>;
}

/** What was found of one variant. */
export interface VariantTraces {
  /** The node has programs of this variant by name. */
  readonly isInstalled: boolean;
  readonly hasKubeletHint: boolean;
  readonly ruleCount: number;
}

export interface VariantEvidence {
  readonly wanted: Variant | 'auto';
  /** What plain `iptables` is. */
  readonly plain: Variant;
  readonly nft: VariantTraces;
  readonly legacy: VariantTraces;
}

/** Pure: the variant and why. */
export function decideVariant(evidence: VariantEvidence): {
  variant: Variant;
  reason: string;
} {
  const { wanted, plain, nft, legacy } = evidence;
  if (wanted !== 'auto') return { variant: wanted, reason: 'chosen by configuration' };
  if (!nft.isInstalled && !legacy.isInstalled) {
    return { variant: plain, reason: 'the only iptables installed' };
  }
  // Both, where the node was switched without a reboot: kubelet itself looks at nft first.
  if (nft.hasKubeletHint) return { variant: 'nft', reason: "kubelet's chains are there" };
  if (legacy.hasKubeletHint) return { variant: 'legacy', reason: "kubelet's chains are there" };
  if (nft.ruleCount !== legacy.ruleCount) {
    const variant = nft.ruleCount > legacy.ruleCount ? 'nft' : 'legacy';
    return { variant, reason: 'more rules are there' };
  }
  return { variant: plain, reason: 'what plain iptables is' };
}

/** Looks at the node and chooses; throws KernelError when there is no iptables that works. */
export async function chooseVariant(
  node: NodeReader,
  wanted: Variant | 'auto' = 'auto',
): Promise<IptablesPrograms> {
  const plain = await versionOf(node, 'iptables');
  const decision = decideVariant(await gatherEvidence(node, wanted, plain?.variant ?? 'nft'));
  // Plain programs do where there are no others, as before iptables 1.8.
  const named = `iptables-${decision.variant}`;
  const isPlain = plain?.variant === decision.variant && !(await succeeds(node, named, ['-V']));
  const infix = isPlain ? '' : `-${decision.variant}`;
  const { version } = parseVersion(await node.list(`iptables${infix}`, ['-V']));
  return {
    ...decision,
    version,
    hasRandomFully: isAtLeast(version, [1, 6, 2]),
    families: await workingFamilies(node, infix),
    names: {
      4: { restore: `iptables${infix}-restore`, save: `iptables${infix}-save` },
      6: {
        restore: `ip6tables${infix}-restore`,
        save: `ip6tables${infix}-save`,
      },
    },
  };
}

/** `iptables v1.8.9 (nf_tables)`; before 1.8 there was only legacy and it did not say so. */
export function parseVersion(text: string): {
  version: string;
  variant: Variant;
} {
  const version = /v(\d+(?:\.\d+)*)/.exec(text)?.[1] ?? '';
  return { version, variant: text.includes('nf_tables') ? 'nft' : 'legacy' };
}

function isAtLeast(version: string, floor: readonly number[]): boolean {
  const parts = version.split('.').map(Number);
  const at = floor.findIndex((wanted, index) => (parts[index] ?? 0) !== wanted);
  return at === -1 || (parts[at] ?? 0) > (floor[at] ?? 0);
}

async function gatherEvidence(
  node: NodeReader,
  wanted: Variant | 'auto',
  plain: Variant,
): Promise<VariantEvidence> {
  const isOpen = wanted === 'auto';
  const nft = isOpen ? await nftTraces(node) : NOTHING;
  const legacy = isOpen && !nft.hasKubeletHint ? await legacyTraces(node) : NOTHING;
  return { wanted, plain, nft, legacy };
}

const NOTHING: VariantTraces = {
  isInstalled: false,
  hasKubeletHint: false,
  ruleCount: 0,
};

/** Kubelet makes the first from 1.24 on, to be found by us; the second is its own watch. */
const HINT_CHAINS = ['KUBE-IPTABLES-HINT', 'KUBE-KUBELET-CANARY'];

/** Asks for single chains first: saving only the mangle table costs as much as saving all. */
async function nftTraces(node: NodeReader): Promise<VariantTraces> {
  if (!(await succeeds(node, 'iptables-nft', ['-V']))) return NOTHING;
  const questions = ['iptables-nft', 'ip6tables-nft'].flatMap((program) =>
    HINT_CHAINS.map((chain) => succeeds(node, program, ['-t', 'mangle', '-S', chain])),
  );
  const answers = await Promise.all(questions);
  if (answers.includes(true)) return { isInstalled: true, hasKubeletHint: true, ruleCount: 0 };
  return savedTraces(node, 'nft');
}

/** Saves all: to name a table would create it, and its hooks, where there is none. */
async function legacyTraces(node: NodeReader): Promise<VariantTraces> {
  if (!(await succeeds(node, 'iptables-legacy', ['-V']))) return NOTHING;
  return savedTraces(node, 'legacy');
}

async function savedTraces(node: NodeReader, variant: Variant): Promise<VariantTraces> {
  const programs = [`iptables-${variant}-save`, `ip6tables-${variant}-save`];
  const saves = await Promise.all(programs.map((program) => orUndefined(node, program, [])));
  const text = saves.join('');
  return {
    isInstalled: true,
    hasKubeletHint: HINT_CHAINS.some((chain) => text.includes(`\n:${chain} `)),
    ruleCount: text.match(/^-A /gm)?.length ?? 0,
  };
}

/** At least one; throws what the program says about IPv4 where there is none. */
async function workingFamilies(node: NodeReader, infix: string): Promise<readonly Family[]> {
  const question = ['-t', 'nat', '-S', 'POSTROUTING'];
  const answers = await Promise.all([
    succeeds(node, `iptables${infix}`, question),
    succeeds(node, `ip6tables${infix}`, question),
  ]);
  const working = FAMILIES.filter((_family, index) => answers[index]);
  if (working.length === 0) await node.list(`iptables${infix}`, question);
  return working;
}

async function versionOf(
  node: NodeReader,
  program: string,
): Promise<{ version: string; variant: Variant } | undefined> {
  const text = await orUndefined(node, program, ['-V']);
  return text === undefined ? undefined : parseVersion(text);
}

async function succeeds(
  node: NodeReader,
  program: string,
  args: readonly string[],
): Promise<boolean> {
  return (await orUndefined(node, program, args)) !== undefined;
}

/** The output, or undefined where the program is missing or says no; throws what is no answer. */
async function orUndefined(
  node: NodeReader,
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    return await node.list(program, args);
  } catch (error) {
    const isAnswer = error instanceof KernelError && ANSWERS.has(error.kind);
    if (isAnswer) return undefined;
    throw error;
  }
}

const ANSWERS: ReadonlySet<string> = new Set(['missing-program', 'rejected']);
