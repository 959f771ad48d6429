/** Builders of fields that only options of Kubernetes' components need: gates, quantities, … */
import { field } from './fields.ts';
import { parseInteger } from './integer.ts';

/** `Name=true,Other=false`, whatever the names are: there are no gates here. */
export function featureGatesField() {
  return field<Readonly<Record<string, boolean>>>(
    'Name=true or Name=false, commas between',
    (text) => (text.trim() === '' ? {} : parsePairs(text, /^(?:true|1|t)$/i, /^(?:false|0|f)$/i)),
  );
}

function parsePairs(text: string, yes: RegExp, no: RegExp): Record<string, boolean> | undefined {
  const gates: [string, boolean][] = [];
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const [name = '', value = '', ...more] = part.split('=').map((each) => each.trim());
    if (more.length > 0 || !/^[A-Za-z][A-Za-z0-9]*$/.test(name)) return undefined;
    if (!yes.test(value) && !no.test(value)) return undefined;
    gates.push([name, yes.test(value)]);
  }
  return Object.fromEntries(gates.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** How much files whose name matches a pattern may log. */
export interface FileVerbosity {
  readonly filePattern: string;
  readonly verbosity: number;
}

/** `pattern=N` with commas between. */
export function vmoduleField() {
  return field<readonly FileVerbosity[]>('pattern=N with commas between', (text) => {
    const items: FileVerbosity[] = [];
    for (const part of text.split(',').filter((each) => each !== '')) {
      const [filePattern = '', level = '', ...more] = part.split('=');
      const verbosity = parseInteger(level, 0, 2 ** 31 - 1);
      if (filePattern === '' || verbosity === undefined || more.length > 0) return undefined;
      items.push({ filePattern, verbosity });
    }
    return items;
  });
}

/** A number of bytes, or with the suffixes of resource.Quantity: 512, 1K, 2Ki, 3M, 4G. */
export function quantityField() {
  return field('a quantity such as 512, 1K or 2Ki', (text) =>
    /^\+?\d{1,15}(?:\.\d{1,9})?(?:m|k|K|[MGTPE]|[KMGTPE]i|[eE][+-]?\d{1,2})?$/.test(text)
      ? text
      : undefined,
  );
}

/** A minor version of Kubernetes, or none. */
export function minorVersionField() {
  return field('a version such as 1.35, or nothing', (text) =>
    text === '' || /^\d{1,3}\.\d{1,3}$/.test(text) ? text : undefined,
  );
}

/** Requests a second; 0 and less mean no limit. */
export function rateField() {
  return field('a number', (text) => {
    const rate = Number(text);
    return text.trim() !== '' && Number.isFinite(rate) ? rate : undefined;
  });
}

/** A range of ports as kube-proxy's userspace mode knew it, or none; only its form matters. */
export function oldPortRangeField() {
  return field('ports such as 300-2000, 300+100 or 300, or nothing', (text) =>
    /^(?:\d{1,5}(?:[-+]\d{1,5})?)?$/.test(text) ? text : undefined,
  );
}
