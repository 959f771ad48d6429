/** Sysctls of the network namespace that this process runs in. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KernelError } from './errors.ts';
import type { KernelErrorKind } from './errors.ts';

const ROOT = '/proc/sys';

/** The value without its newline; undefined when this kernel has no sysctl of that name. */
export async function readSysctl(name: string, root = ROOT): Promise<string | undefined> {
  const path = sysctlPath(name, root);
  try {
    return (await readFile(path, 'utf8')).trimEnd();
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined;
    throw failure(`could not read sysctl ${name}`, cause);
  }
}

/**
 * Set a sysctl. One that has the value already is left alone: in many containers /proc/sys is
 * read-only, which does not matter where somebody set it for us.
 */
export async function writeSysctl(name: string, value: string, root = ROOT): Promise<void> {
  if ((await readSysctl(name, root)) === value) return;
  const path = sysctlPath(name, root);
  try {
    // `r+`: never create a file where the kernel has no such sysctl.
    await writeFile(path, value, { flag: 'r+' });
  } catch (cause) {
    throw failure(`could not set sysctl ${name} to ${value}`, cause);
  }
}

/**
 * As sysctl(8) spells names: whichever of `.` and `/` comes first separates, and the other stands
 * for itself swapped, so that `net.ipv4.conf.eth0/100.rp_filter` is the interface `eth0.100`.
 */
function sysctlPath(name: string, root: string): string {
  const separatesWithDot = /^[^/]*\./.test(name);
  const swapped = name.replace(/[./]/g, (sign) => (sign === '.' ? '/' : '.'));
  const parts = (separatesWithDot ? swapped : name).split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new RangeError(`expected the name of a sysctl, found ${JSON.stringify(name)}`);
  }
  return join(root, ...parts);
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function failure(what: string, cause: unknown): KernelError {
  const code = systemCode(cause);
  const kind: KernelErrorKind = ['EACCES', 'EPERM', 'EROFS'].includes(code)
    ? 'not-permitted'
    : 'rejected';
  const advice =
    kind === 'not-permitted'
      ? 'run as root with /proc/sys writable, or set it on the node'
      : 'this kernel may lack it, or refuse the value';
  const details = {
    kind,
    program: 'sysctl',
    exitCode: undefined,
    firstLine: code,
  };
  return new KernelError(
    `${what} (${code}): ${advice}`,
    { ...details, inputLine: undefined },
    cause,
  );
}
