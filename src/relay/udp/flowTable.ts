/** All flows, bounded in number and idle time. Knows no sockets. */
import { createAgeList } from '../ageList.ts';
import type { AgeList } from '../ageList.ts';
import type { Flow } from './flow.ts';

export interface FlowLimits {
  /** Most flows at a time. */
  readonly mostFlows: number;
  /** How long an idle flow is kept, in milliseconds: as conntrack keeps UDP. */
  readonly oneWayMs: number;
  readonly twoWayMs: number;
}

export interface FlowTable {
  /**
   * Room for one more, where need be in place of the flow that has been one-way and idle for the
   * longest; false when none has been for at least so many milliseconds, and conversations do not
   * crowd it.
   */
  makeRoom(now: number, idleMs: number): boolean;
  /** End the oldest one-way flow but this; false when there is none. */
  evict(but?: Flow): boolean;
  add(flow: Flow): void;
  remove(flow: Flow): void;
  clientSpoke(flow: Flow, now: number): void;
  endpointSpoke(flow: Flow, now: number): void;
  /** End what has been idle for too long. */
  expire(now: number): void;
  size(): number;
}

/** Share of the table from which conversations make room for each other. */
const CROWDED = 0.75;
/** Longer than a resolver or a program that polls waits between two packets of one flow. */
const SILENT_MS = 5000;

/** What ends a flow must `remove` it. */
export function createFlowTable(limits: FlowLimits, end: (flow: Flow) => void): FlowTable {
  const oneWay = createAgeList<Flow>();
  const twoWay = createAgeList<Flow>();
  const evictTwoWay = twoWayEviction(twoWay, limits, end);

  function evict(but?: Flow): boolean {
    const oldest = oneWay.oldest();
    const evicted = oldest === but ? oldest?.newer : oldest;
    if (evicted === undefined) return false;
    end(evicted);
    return true;
  }

  function expireIn(list: typeof oneWay, timeoutMs: number, now: number): void {
    for (let flow = list.oldest(); flow !== undefined; flow = list.oldest()) {
      if (now - flow.activeAt < timeoutMs) return;
      end(flow);
    }
  }

  return {
    makeRoom(now, idleMs) {
      if (oneWay.size() + twoWay.size() < limits.mostFlows) return true;
      if (now - (oneWay.oldest()?.activeAt ?? Infinity) >= idleMs) return evict();
      return evictTwoWay(now);
    },
    evict,
    add(flow) {
      flow.dialled.flows.set(flow.key, flow);
      oneWay.add(flow);
    },
    remove(flow) {
      (flow.isTwoWay ? twoWay : oneWay).remove(flow);
      flow.dialled.flows.delete(flow.key);
    },
    clientSpoke(flow, now) {
      flow.activeAt = now;
      if (flow.isTwoWay || !flow.isAnswered) return (flow.isTwoWay ? twoWay : oneWay).touch(flow);
      oneWay.remove(flow);
      flow.isTwoWay = true;
      twoWay.add(flow);
    },
    endpointSpoke(flow, now) {
      flow.isAnswered = true;
      flow.activeAt = now;
      (flow.isTwoWay ? twoWay : oneWay).touch(flow);
    },
    expire(now) {
      expireIn(oneWay, limits.oneWayMs, now);
      expireIn(twoWay, limits.twoWayMs, now);
    },
    size: () => oneWay.size() + twoWay.size(),
  };
}

/**
 * Where conversations themselves fill the table, the one that has been silent for the longest makes
 * room. Never for the sake of one-way flows, which anybody can make any number of.
 */
function twoWayEviction(
  twoWay: AgeList<Flow>,
  { mostFlows }: FlowLimits,
  end: (flow: Flow) => void,
): (now: number) => boolean {
  return (now) => {
    const oldest = twoWay.oldest();
    if (oldest === undefined || twoWay.size() < mostFlows * CROWDED) return false;
    if (now - oldest.activeAt < SILENT_MS) return false;
    end(oldest);
    return true;
  };
}
