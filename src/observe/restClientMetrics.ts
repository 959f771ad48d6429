/**
 * How requests to the API server go, with the names, labels and buckets that every component of
 * Kubernetes has for it; dashboards of kube-proxy show them beside its own.
 */
import { Counter, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** Buckets of component-base since Kubernetes 1.24. */
const BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

export interface AnsweredRequest {
  readonly method: string;
  /** With the port, where it is not that of the scheme. */
  readonly host: string;
  /** undefined where there was no answer at all. */
  readonly code: number | undefined;
  /** Until the first byte of the answer. */
  readonly seconds: number;
}

export interface RestClientMetrics {
  answered(request: AnsweredRequest): void;
}

export function restClientMetrics(registry: Registry): RestClientMetrics {
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by status code, method and host',
    labelNames: ['code', 'method', 'host'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'How long the API server took to begin its answer',
    labelNames: ['verb', 'host'],
    buckets: BUCKETS,
    registers: [registry],
  });
  return {
    answered({ method, host, code, seconds }) {
      // The word is client-go's.
      requests.inc({ code: code === undefined ? '<error>' : String(code), method, host });
      durations.observe({ verb: method, host }, seconds);
    },
  };
}
