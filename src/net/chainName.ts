/** Short names for what the kernel's tools limit to a few characters. */
import { hash } from 'node:crypto';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const LENGTH = 16;

/**
 * The first 16 characters of the base32 (RFC 4648) of a text's SHA-256: what kube-proxy puts
 * behind KUBE-SVC- and its like, so that both give the same ServicePort the same chain.
 */
export function hash16(text: string): string {
  const bytes = hash('sha256', text, 'buffer');
  let name = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) {
      name += BASE32.charAt((held >> (bits - 5)) & 31);
      if (name.length === LENGTH) return name;
    }
    held &= (1 << bits) - 1;
  }
  return name;
}
