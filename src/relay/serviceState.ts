/** What a worker keeps for a ServicePort, beyond every change of its endpoints. */
import type { EndpointAddress, RelayService } from '../plan/relayTable.ts';
import type { Tally } from './counts.ts';
import { PICKER_DEFAULTS, createPicker } from './pick/picker.ts';
import type { Picker } from './pick/picker.ts';
import type { ServiceStates } from './table.ts';

export interface ServiceState {
  /** As the table has it now; running connections see a change, too. */
  service: RelayService;
  readonly picker: Picker;
  /** To be called when `service` was replaced. */
  followed(): void;
  readonly tally: Tally;
}

/** Told which endpoints of a ServicePort are set aside, each time that changes. */
export type TellAside = (service: string, endpoints: readonly EndpointAddress[]) => void;

/** For `createTable`. The name's tally must be known before its line is followed. */
export function serviceStates(
  tallyOf: (name: string) => Tally,
  random: () => number,
  tellAside: TellAside = () => undefined,
): ServiceStates<ServiceState> {
  return {
    create(service) {
      const tally = tallyOf(service.name);
      let picker: Picker | undefined;
      const state = {
        service,
        tally,
        // Of ten thousand Services a node's clients use a few: the others need none.
        get picker() {
          picker ??= createPicker(state.service, { ...PICKER_DEFAULTS, random, asideChanged });
          return picker;
        },
        followed: () => picker?.update(state.service),
      };
      const asideChanged = (endpoints: readonly EndpointAddress[]): void => {
        tally.setAside(endpoints.length);
        tellAside(service.name, endpoints);
      };
      return state;
    },
    update(state, service) {
      state.service = service;
      state.followed();
    },
    remove({ tally }) {
      // Connections that still run keep the rest.
      tally.setAside(0);
    },
  };
}
