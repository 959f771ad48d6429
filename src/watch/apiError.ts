/** The API server answered, but not with what was asked for. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** The machine-readable word of the API's Status object: `Expired`, `Forbidden`. */
  readonly reason: string;
  /** How long the server asked us to stay away. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, answer: StatusAnswer, retryAfterMs?: number) {
    super(`HTTP ${String(status)}: ${answer.message}`);
    this.status = status;
    this.reason = answer.reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The parts of the API's Status object that are used. */
export interface StatusAnswer {
  readonly reason: string;
  readonly message: string;
}

/** What a Status object says; whatever else the body is, its beginning is the message. */
export function parseStatus(body: string): StatusAnswer {
  try {
    return statusOf(JSON.parse(body));
  } catch {
    // Not from the API server itself: a load balancer's error page, for example.
    return { reason: '', message: body.slice(0, 200).trim() };
  }
}

/** The same for a Status that was already parsed, as in a watch's ERROR event. */
export function statusOf(object: unknown): StatusAnswer & { readonly code: number } {
  const { reason, message, code } = fieldsOf(object);
  return {
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' ? message : '',
    code: typeof code === 'number' ? code : 0,
  };
}

function fieldsOf(object: unknown): { reason?: unknown; message?: unknown; code?: unknown } {
  return typeof object === 'object' && object !== null ? object : {};
}

/** The version that was asked for is gone from the server's history: only a new list helps. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && error.status === 410;
}

/**
 * The server has not reached the version that was asked for. After a restore from a backup it may
 * never do so.
 */
export function isTooNew(error: unknown): boolean {
  return error instanceof ApiError && error.message.includes('Too large resource version');
}
