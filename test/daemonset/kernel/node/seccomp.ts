/**
 * The seccomp profile that a runtime gives to containers by default, for a set of capabilities. From
 * Podman's file, whose format (Docker's) has conditions that an OCI runtime does not know.
 */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** From Debian's golang-github-containers-common, which comes with buildah. */
const FILE = '/usr/share/containers/seccomp.json';

const condition = z
  .object({ caps: z.array(z.string()).optional(), arches: z.array(z.string()).optional() })
  .nullish();

const schema = z.object({
  defaultAction: z.string(),
  defaultErrnoRet: z.number(),
  syscalls: z.array(
    z.object({
      names: z.array(z.string()),
      action: z.string(),
      args: z.array(z.unknown()).nullish(),
      errnoRet: z.number().optional(),
      includes: condition,
      excludes: condition,
    }),
  ),
});

/** As the profile's conditions call this machine's. */
const ARCH = process.arch === 'x64' ? 'amd64' : process.arch;

/**
 * Since August 2022 (containerd #7301, moby #43987), later than the file of Debian 12: bpf(2) with
 * CAP_BPF, where it had to be CAP_SYS_ADMIN.
 */
const LATER = new Map([['CAP_BPF', 'bpf']]);

export function hasProfile(): boolean {
  return existsSync(FILE);
}

/** `linux.seccomp` of an OCI runtime's configuration. `caps` as `CAP_NET_ADMIN`. */
export function seccompFor(caps: readonly string[]): object {
  const { defaultAction, defaultErrnoRet, syscalls } = schema.parse(
    JSON.parse(readFileSync(FILE, 'utf8')),
  );
  const later = caps.flatMap((cap) => LATER.get(cap) ?? []);
  const rules = syscalls
    .filter(({ includes, excludes }) => {
      const isMeant = matches(includes?.caps, caps) && matches(includes?.arches, [ARCH]);
      return isMeant && !(excludes?.caps?.some((cap) => caps.includes(cap)) ?? false);
    })
    .map(({ names, action, args, errnoRet }) => ({
      names: action === 'SCMP_ACT_ALLOW' ? names : names.filter((name) => !later.includes(name)),
      action,
      ...(errnoRet === undefined ? {} : { errnoRet }),
      ...(args === null || args === undefined || args.length === 0 ? {} : { args }),
    }))
    .filter(({ names }) => names.length > 0);
  const added = later.map((name) => ({ names: [name], action: 'SCMP_ACT_ALLOW' }));
  return { defaultAction, defaultErrnoRet, syscalls: [...rules, ...added] };
}

/** No condition is none. */
function matches(wanted: readonly string[] | undefined, found: readonly string[]): boolean {
  return wanted === undefined || wanted.some((each) => found.includes(each));
}
