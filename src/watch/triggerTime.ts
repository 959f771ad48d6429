const ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time';

/**
 * When the change that made the control plane write this raw slice happened, in milliseconds since
 * the epoch; undefined when the slice does not say, or nothing that makes sense.
 */
export function triggerTime(slice: unknown): number | undefined {
  const annotations = fieldsOf(fieldsOf(slice)['metadata'])['annotations'];
  const text = fieldsOf(annotations)[ANNOTATION];
  if (typeof text !== 'string' || text.length > 40) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
