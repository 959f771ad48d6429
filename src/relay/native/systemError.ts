/** A failed call as an exception, for where a failure is not part of the plan. */
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

import { errno } from './libc.ts';

export interface SystemError extends Error {
  /** The call: `bind`. */
  readonly call: string;
  /** `EADDRINUSE`. */
  readonly code: string;
  readonly errno: number;
}

/** `bind 192.0.0.8:10200: address already in use (EADDRINUSE)`. */
export function systemError(call: string, what: string, number = errno()): SystemError {
  const code = errorName(number);
  const message = `${call} ${what}: ${getSystemErrorMessage(-number)} (${code})`;
  return Object.assign(new Error(message), { call, code, errno: number });
}

/** `ECONNREFUSED` for 111. */
function errorName(number: number): string {
  return getSystemErrorName(-number);
}

/** The call's result, or an exception when it is -1. */
export function check(result: number, call: string, what: string): number {
  if (result === -1) throw systemError(call, what);
  return result;
}
