import type { IncomingMessage } from 'node:http';

import { textAnswer } from './answer.ts';
import type { Answer } from './answer.ts';

/** What each path answers to GET and HEAD. */
export type Routes = ReadonlyMap<string, () => Answer | Promise<Answer>>;

/** A known path's answer; 404 for other paths, 405 for other methods. */
export function route(
  routes: Routes,
  { method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>,
): Answer | Promise<Answer> {
  const [path = ''] = url.split('?', 1);
  const answer = routes.get(path);
  if (answer === undefined) return textAnswer(404, 'not found\n');
  if (method === 'GET' || method === 'HEAD') return answer();
  const refusal = textAnswer(405, 'method not allowed\n');
  return { ...refusal, headers: { ...refusal.headers, Allow: 'GET, HEAD' } };
}
