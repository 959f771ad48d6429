import { ApiError } from './apiError.ts';
import type { Resource } from './resources.ts';

export interface Attempt {
  readonly resource: Resource;
  readonly verb: 'list' | 'watch';
}

/** A constant text and its fields, for one log line. */
export interface FailureLine {
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * What to tell the operator of a failed list or watch. `undefined` stands for a watch that ended
 * in order but at once.
 */
export function describeFailure(failure: unknown, { resource, verb }: Attempt): FailureLine {
  const { apiGroup, name } = resource;
  const error = messageOf(failure);
  const fields = { verb, resource: name, error };
  const status = failure instanceof ApiError ? failure.status : 0;
  if (status === 401) {
    const message = 'the API server does not accept the credentials; they will be read again';
    return { message, fields };
  }
  if (status === 403) {
    const message = 'not allowed by the API server: grant this verb on this resource with RBAC';
    return { message, fields: { ...fields, apiGroup } };
  }
  if (status === 404) {
    const message = 'unknown to the API server: it must serve this resource';
    return { message, fields: { ...fields, apiGroup } };
  }
  if (status === 410) {
    return { message: 'the version to go on from is too old, listing again', fields };
  }
  if (failure === undefined) return { message: 'watch ended at once', fields };
  return { message: 'API request failed, will retry', fields };
}

function messageOf(failure: unknown): string {
  if (failure === undefined) return 'the server closed the watch';
  if (!(failure instanceof Error)) return 'unknown failure';
  // Node reports a refused connection to several addresses as an error without a message.
  const first: unknown = failure instanceof AggregateError ? failure.errors[0] : failure.cause;
  return [failure.message, first instanceof Error ? first.message : '']
    .filter((text) => text !== '')
    .join(': ');
}
