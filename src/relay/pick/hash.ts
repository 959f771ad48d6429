/** 32-bit hashes for spreading things evenly; not against anybody who wants collisions. */

/** FNV-1a over the text's or bytes' units, then murmur's last mix so that every bit counts. */
export function hash(of: string | Uint8Array, seed: number): number {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  if (typeof of === 'string') {
    for (let i = 0; i < of.length; i += 1) h = Math.imul(h ^ of.charCodeAt(i), 0x01000193);
  } else {
    for (const byte of of) h = Math.imul(h ^ byte, 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
