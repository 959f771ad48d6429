/** The name that this program was called by, for help and messages. */
import { basename } from 'node:path';

export type ProgramName = 'fairway' | 'kube-proxy';

/**
 * `kube-proxy` where a link of that name, or an argv[0] of that name, led here; so a DaemonSet and
 * scripts made for it need no other word.
 */
export function programName({ argv0, argv }: Pick<NodeJS.Process, 'argv0' | 'argv'> = process) {
  const names = [argv0, argv[1] ?? ''].map((path) => basename(path));
  return names.includes('kube-proxy') ? 'kube-proxy' : 'fairway';
}
