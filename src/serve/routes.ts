import type { IncomingMessage } from 'node:http';

import { textAnswer } from './answer.ts';
import type { Answer } from './answer.ts';

/** What a handler may ask of a request; all of it is a stranger's. */
export interface Request {
  readonly query: URLSearchParams;
  /** undefined where the client says nothing. */
  readonly accept: string | undefined;
  /** Fires when the client has gone: nobody waits for the answer any more. */
  readonly gone: AbortSignal;
  /** The body as text; rejects when it is longer than `most` bytes. */
  text(most: number): Promise<string>;
}

export type Handler = (request: Request) => Answer | Promise<Answer>;

/** By method and path, `GET /metrics`; GET stands for HEAD, too. */
export type Routes = ReadonlyMap<string, Handler>;

const METHODS = ['GET', 'PUT', 'DELETE'] as const;

type RawRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & AsyncIterable<Buffer>;

/** A known path's answer; 404 for other paths, 405 for other methods. */
export function route(
  routes: Routes,
  request: RawRequest,
  gone: AbortSignal,
): Answer | Promise<Answer> {
  const { method = '', url = '' } = request;
  const [path = ''] = url.split('?', 1);
  const handler = routes.get(`${method === 'HEAD' ? 'GET' : method} ${path}`);
  if (handler !== undefined) {
    const query = new URLSearchParams(url.slice(path.length + 1));
    const text = (most: number): Promise<string> => textOf(request, most);
    return handler({ query, accept: request.headers.accept, gone, text });
  }
  const known = METHODS.filter((each) => routes.has(`${each} ${path}`));
  if (known.length === 0) return textAnswer(404, 'not found\n');
  const refusal = textAnswer(405, 'method not allowed\n');
  const allowed = known.flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each]));
  return { ...refusal, headers: { ...refusal.headers, Allow: allowed.join(', ') } };
}

/** The paths that are served, each once, in order. */
export function pathsOf(routes: Routes): readonly string[] {
  const paths = [...routes.keys()].map((key) => key.slice(key.indexOf(' ') + 1));
  return [...new Set(paths)].sort();
}

async function textOf(request: AsyncIterable<Buffer>, most: number): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    pieces.push(piece);
    size += piece.length;
    if (size > most) throw new RangeError(`expected a body of at most ${String(most)} bytes`);
  }
  return Buffer.concat(pieces).toString('utf8');
}
