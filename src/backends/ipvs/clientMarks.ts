/** Firewall marks that lead this node's own clients past a Local policy. */
import type { Policy } from '../../model/types.ts';
import { hash16 } from '../../net/chainName.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export interface ClientMarks {
  /** For pods, which keep their address. */
  readonly pod: number;
  /** For the node itself: the same with the bit that asks to masquerade. */
  readonly node: number;
}

/** Made from 30 bits of a hash, so that every start gives the same; never 0. */
export function clientMarks(text: string, { masqueradeMark }: Policy): ClientMarks {
  let hash = 0;
  for (const letter of hash16(text).slice(0, 6)) hash = hash * 32 + BASE32.indexOf(letter);
  const low = hash % masqueradeMark;
  // The masquerade bit is left out of it: what is above moves up by one.
  const pod = low + (hash - low) * 2 || (masqueradeMark === 1 ? 2 : 1);
  return { pod, node: pod + masqueradeMark };
}
