/** The sockets that flows have towards their endpoints, in the loop. */
import type { Flow } from './flow.ts';
import type { EndpointAddress } from '../../plan/relayTable.ts';
import { EMFILE, ENFILE, EPOLLIN, SOCK_DGRAM } from '../native/constants.ts';
import type { Descriptors } from '../native/descriptors.ts';
import type { Watcher } from '../native/epoll.ts';
import { connect, errno } from '../native/libc.ts';
import type { Loop } from '../native/loop.ts';
import type { EndpointAddresses } from '../tcp/endpointAddresses.ts';

export interface EndpointSocketsContext {
  readonly loop: Loop;
  readonly descriptors: Descriptors;
  readonly addresses: EndpointAddresses;
  /** Descriptors ran out for this flow: whether another's was freed. */
  readonly freeDescriptor: (flow: Flow) => boolean;
  /** There is something to receive, an answer or a refusal. */
  readonly readable: (flow: Flow) => void;
  /** `readable` threw. */
  readonly faulted: (flow: Flow, error: unknown) => void;
}

export interface EndpointSockets {
  /** Give the flow a socket: 0, or the errno why it has none. */
  open(flow: Flow, endpoint: EndpointAddress): number;
  close(flow: Flow): void;
}

export function createEndpointSockets(context: EndpointSocketsContext): EndpointSockets {
  const { loop, descriptors, addresses, freeDescriptor, readable, faulted } = context;
  /** By descriptor. */
  const owners: (Flow | undefined)[] = [];
  let handled: Flow | undefined;
  const watcher: Watcher = {
    ready(_events, fd) {
      handled = owners[fd];
      if (handled !== undefined) readable(handled);
    },
    fail(error) {
      if (handled !== undefined) faulted(handled, error);
    },
  };

  function openFor(flow: Flow, endpoint: EndpointAddress): number {
    const fd = addresses.open(endpoint, SOCK_DGRAM);
    if (fd !== -1 || !isShortage(errno()) || !freeDescriptor(flow)) return fd;
    return addresses.open(endpoint, SOCK_DGRAM);
  }

  return {
    open(flow, endpoint) {
      const fd = openFor(flow, endpoint);
      if (fd === -1) return errno();
      descriptors.hold(fd);
      const { address, length } = addresses.write(endpoint);
      if (connect(fd, address, length) === -1) {
        const number = errno();
        descriptors.close(fd);
        return number;
      }
      flow.fd = fd;
      owners[fd] = flow;
      loop.watch(fd, EPOLLIN, watcher);
      return 0;
    },
    close(flow) {
      const { fd } = flow;
      if (fd === -1) return;
      owners[fd] = undefined;
      loop.forget(fd);
      descriptors.close(fd);
      flow.fd = -1;
    },
  };
}

/** Whether there were not enough descriptors. */
export function isShortage(number: number): boolean {
  return number === EMFILE || number === ENFILE;
}
