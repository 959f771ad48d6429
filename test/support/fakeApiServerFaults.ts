import type { ServerResponse } from 'node:http';
import type { Kind } from '../../src/watch/source.ts';

export type Verb = 'list' | 'watch' | 'create';

/** What shall go wrong with requests. */
export interface Fault {
  readonly verb: Verb;
  /** Absent: any kind. */
  readonly kind?: Kind;
  /** Only requests for a further page of a list. */
  readonly isContinued?: boolean;
  readonly status: number;
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  /** How many requests it strikes; 1 when absent. */
  readonly times?: number;
}

export interface StruckRequest {
  readonly verb: Verb;
  /** Absent for Events. */
  readonly kind: Kind | undefined;
  readonly query: URLSearchParams;
}

/** Faults that wait for their requests. */
export interface FakeFaults {
  add(fault: Fault): void;
  /** Take the fault that strikes this request, if one does. */
  strike(request: StruckRequest): Fault | undefined;
  clear(): void;
}

export function fakeFaults(): FakeFaults {
  const waiting: { readonly fault: Fault; left: number }[] = [];
  return {
    add(fault) {
      waiting.push({ fault, left: fault.times ?? 1 });
    },
    strike(request) {
      const entry = waiting.find(({ fault, left }) => left > 0 && concerns(fault, request));
      if (entry !== undefined) entry.left -= 1;
      return entry?.fault;
    },
    clear() {
      waiting.length = 0;
    },
  };
}

function concerns(fault: Fault, { verb, kind, query }: StruckRequest): boolean {
  if (fault.isContinued === true && !query.has('continue')) return false;
  return fault.verb === verb && (fault.kind ?? kind) === kind;
}

/** The API's Status object. */
export function statusObject(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}

export function sendFault(response: ServerResponse, fault: Omit<Fault, 'verb'>): void {
  const { status, reason = '', message = 'injected by the test', retryAfterSeconds } = fault;
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  });
  response.end(JSON.stringify(statusObject(status, reason, message)));
}
