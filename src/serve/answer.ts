import type { Readable } from 'node:stream';

/** What a path answers, as a value; a stream for what is too large to be kept as a whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Readable;
}

/** One that is whole already. */
export interface TextAnswer extends Answer {
  readonly body: string;
}

/** 200 or 503 with a JSON body, with the headers of kube-proxy's health answers. */
export function jsonAnswer(
  isGood: boolean,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): TextAnswer {
  return {
    status: isGood ? 200 : 503,
    headers: {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      ...headers,
    },
    body: JSON.stringify(body),
  };
}

const PLAIN_TEXT = 'text/plain; charset=utf-8';

export function textAnswer(status: number, body: string, contentType = PLAIN_TEXT): TextAnswer {
  const headers = { 'Content-Type': contentType, 'X-Content-Type-Options': 'nosniff' };
  return { status, headers, body };
}
