/** What a program's failure means. Pure, so that captured messages of real tools can test it. */
import { KernelError } from './errors.ts';
import type { KernelErrorKind } from './errors.ts';

/** How a program ended when it did not end well. */
export interface Failure {
  readonly program: string;
  readonly stdin: string | undefined;
  /** undefined when it was not started or was killed by a signal. */
  readonly exitCode: number | undefined;
  /** Of the operating system: `ENOENT` when there is no such program. */
  readonly systemCode: string | undefined;
  /** The signal that killed it. */
  readonly killedBy: string | undefined;
  readonly stderr: string;
  /** We ended it for one of these reasons. */
  readonly endedBecause: 'timed-out' | 'aborted' | undefined;
}

const LONGEST_EXCERPT = 400;

/** The KernelError that says what happened, which line was refused and what to do. */
export function diagnose(failure: Failure): KernelError {
  const kind = kindOf(failure);
  const firstLine = firstTellingLine(failure.stderr);
  const inputLine = kind === 'rejected' ? refusedLine(failure) : undefined;
  const { program, exitCode } = failure;
  const message = `${program} ${EXPLANATION[kind](failure, describe(failure, firstLine), inputLine)}`;
  return new KernelError(message, {
    kind,
    program,
    exitCode,
    firstLine,
    inputLine,
  });
}

function kindOf(failure: Failure): KernelErrorKind {
  if (failure.endedBecause !== undefined) return failure.endedBecause;
  if (failure.systemCode !== undefined)
    return KIND_OF_SYSTEM_CODE[failure.systemCode] ?? 'rejected';
  // Permission first: a lock file that may not be opened ends with the exit code of a held lock.
  if (NO_MODULE.test(failure.stderr)) return 'no-module';
  if (NOT_PERMITTED.test(failure.stderr)) return 'not-permitted';
  if (BUSY.test(failure.stderr)) return 'busy';
  return 'rejected';
}

const KIND_OF_SYSTEM_CODE: Readonly<Record<string, KernelErrorKind>> = {
  ENOENT: 'missing-program',
  EACCES: 'not-permitted',
  EPERM: 'not-permitted',
  // No process, descriptor or memory left just now.
  EAGAIN: 'busy',
  EMFILE: 'busy',
  ENFILE: 'busy',
  ENOMEM: 'busy',
};

const NO_MODULE = /can't initialize ipvs/i;

const NOT_PERMITTED =
  /permission denied|operation not permitted|must be root|read-only file system/i;

// iptables' exit code 4 cannot tell: the nft variant also ends so when the kernel refuses a rule.
// The last two are conntrack's: its listing, or a flow to be deleted, changed under its hands.
const BUSY =
  /resource temporarily unavailable|holding the xtables lock|interrupted system call|such conntrack doesn't exist/i;

type Explain = (failure: Failure, found: string, inputLine: string | undefined) => string;

const EXPLANATION: Readonly<Record<KernelErrorKind, Explain>> = {
  'missing-program': (failure) =>
    `was not found in PATH: install it (Debian package ${debianPackage(failure.program)})`,
  'not-permitted': (_failure, found) =>
    `was not permitted (${found}): run as root with CAP_NET_ADMIN and CAP_NET_RAW, and with /run writable for the xtables lock`,
  'no-module': (_failure, found) =>
    `found no ip_vs in this kernel (${found}): load it with "modprobe ip_vs", as root and with /lib/modules there, or choose another --proxy-mode`,
  busy: (_failure, found) =>
    `found what it needs in use (${found}): it is tried again; if it stays so, see who holds the lock with "lsof /run/xtables.lock"`,
  rejected: (_failure, found, inputLine) =>
    inputLine === undefined
      ? `failed (${found}): run it by hand to look further`
      : `refused its input at "${inputLine}" (${found}): print the whole input with --dry-run to look further`,
  'timed-out': () =>
    'did not finish in time and was ended: look whether the node is overloaded or the program hangs',
  aborted: () => 'was ended before it finished, because the agent is stopping',
};

function describe(failure: Failure, firstLine: string): string {
  const end =
    failure.systemCode ??
    (failure.exitCode === undefined
      ? `killed by ${failure.killedBy ?? 'a signal'}`
      : `exit code ${String(failure.exitCode)}`);
  return firstLine === '' ? end : `${firstLine}; ${end}`;
}

/** The Debian package that brings a program; its own name where we know no better. */
function debianPackage(program: string): string {
  if (/^ip6?tables/.test(program)) return 'iptables';
  return PACKAGES[program] ?? program;
}

const PACKAGES: Readonly<Record<string, string>> = {
  nft: 'nftables',
  ip: 'iproute2',
};

/** The first line that says something: not the bare `iptables-restore v1.8.9 (nf_tables): `. */
function firstTellingLine(stderr: string): string {
  return stderr.split('\n').map(sanitize).find(isTelling) ?? '';
}

function isTelling(line: string): boolean {
  return line !== '' && !/^\S+ v[\d.]+ \(\w+\):$/.test(line) && !line.startsWith('# Warning');
}

/** `line 3 failed`, `Error occurred at line: 3`, `Error in line 3`, `/dev/stdin:3:1-9: Error`. */
const LINE_NUMBER = /(?:\bline:? |\/dev\/stdin:)(\d+)/;

function refusedLine(failure: Failure): string | undefined {
  const number = LINE_NUMBER.exec(failure.stderr)?.[1];
  if (number === undefined || failure.stdin === undefined) return undefined;
  const line = lineOf(failure.stdin, Number(number));
  return line === undefined ? undefined : sanitize(line);
}

/** Line `number` (from 1) of a text that may be far too long to be split. */
function lineOf(text: string, number: number): string | undefined {
  let start = 0;
  for (let line = 1; line < number; line += 1) {
    const end = text.indexOf('\n', start);
    if (end === -1) return undefined;
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? undefined : end);
}

/** Fit for a terminal and a log: no control or text-direction characters, not endless. */
function sanitize(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu, ' ').trim();
  return clean.length > LONGEST_EXCERPT ? `${clean.slice(0, LONGEST_EXCERPT)}...` : clean;
}
