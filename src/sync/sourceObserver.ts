/** The state of the API connection as metrics. */
import type { Metrics } from '../observe/metrics.ts';
import type { RequestObserver } from '../watch/connection.ts';
import type { SourceObserver } from '../watch/followKind.ts';

export function sourceObserver({ fairway, restClient }: Metrics): SourceObserver & RequestObserver {
  return {
    connected(kind) {
      fairway.apiConnected.set({ kind }, 1);
    },
    disconnected(kind) {
      fairway.apiConnected.set({ kind }, 0);
    },
    relisted: () => undefined,
    answered: restClient.answered,
    heard(kind) {
      fairway.apiLastEvent.set({ kind }, Date.now() / 1000);
    },
  };
}
