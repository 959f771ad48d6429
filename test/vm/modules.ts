/** Which modules the guest's initramfs needs, from what depmod wrote. */

/**
 * The files of the `wanted` modules and of all that they need, in the order in which they must be
 * loaded; paths as in `modulesDep`, the text of a modules.dep. What is built into the kernel is not
 * listed there and needs no loading.
 */
export function loadOrder(modulesDep: string, wanted: readonly string[]): readonly string[] {
  const needs = new Map<string, readonly string[]>();
  for (const line of modulesDep.split('\n')) {
    const [path = '', rest = ''] = line.split(':');
    // A module's needs stand with the one to be loaded first at the end.
    needs.set(moduleName(path), [path, ...rest.split(' ').filter(Boolean)].reverse());
  }
  return [...new Set(wanted.flatMap((name) => needs.get(name) ?? []))];
}

/** `overlay` of `kernel/fs/overlayfs/overlay.ko.xz`. */
function moduleName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.ko(?:\.\w+)?$/, '');
}
