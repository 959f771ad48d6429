/** What the proxies on the paths are told: addresses, and how they see that something is gone. */
import { memberNamed } from '../lab/topology.ts';

export const CLUSTER_IPS = { web: '10.96.251.1', app: '10.96.251.2' } as const;
export const NODE_PORT = 30_200;
export const HEALTH_PORT = 32_200;
/** Where the external load balancer takes clients, in the namespace of `internet`. */
export const BALANCER_PORT = 8000;
/** Where nginx serves in its pods. */
export const INGRESS_PORT = 8090;
export const SIDECAR_PORT = 15_001;
/** Where `fairway serve` has HTTP. */
export const APP_PORT = 7080;

function address(member: string): string {
  return memberNamed(member).addresses[0];
}

export const BALANCER = address('internet');

const HAPROXY = `global
  log stdout format raw local0
  maxconn 2000
defaults
  log global
  timeout connect 250ms
  timeout client 30s
  timeout server 30s
  timeout check 2s
  retries 3
  option redispatch 1
`;

/**
 * The balancer knows of layer 4 only: it asks the nodes' health check node port, and dials another
 * node where one does not answer.
 */
export function balancerConfig(): string {
  const servers = ['node1', 'node2'].map(
    (node) =>
      `  server ${node} ${address(node)}:${String(NODE_PORT)} check port ${String(HEALTH_PORT)}` +
      ' inter 200ms fall 2 rise 1\n',
  );
  return `${HAPROXY}  mode tcp
  log-format "%ci:%cp | %fi:%fp | %bi:%bp | %s %si:%sp"
listen web
  bind ${BALANCER}:${String(BALANCER_PORT)}
  balance roundrobin
  option httpchk GET /healthz
  http-check expect status 200
${servers.join('')}`;
}

/** Chooses pods itself; the pod's own rules lead to it what the pod sends to Services. */
export function sidecarConfig(pods: readonly string[]): string {
  const servers = pods.map((pod) => `  server ${pod} ${address(pod)}:${String(APP_PORT)} check\n`);
  return `${HAPROXY}  mode http
  log-format "%ci:%cp | %fi:%fp | %bi:%bp | %s %si:%sp"
listen app
  bind 127.0.0.1:${String(SIDECAR_PORT)}
  balance roundrobin
${servers.join('')}`;
}

/** Reaches its upstream by the ClusterIP, as an Ingress controller can be told to. */
export function ingressConfig(folder: string): string {
  return `daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  log_format hop "$remote_addr:$remote_port | $server_addr:$server_port | $upstream_addr";
  access_log ${folder}/access.log hop;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  # It would hang up after a thousand, and a connection that stays is what is measured.
  keepalive_requests 10000000;
  server {
    listen ${String(INGRESS_PORT)};
    location / {
      proxy_pass http://${CLUSTER_IPS.app}:80;
      proxy_connect_timeout 2s;
    }
  }
}
`;
}
