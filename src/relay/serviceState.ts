/** What a worker keeps for a ServicePort, beyond every change of its endpoints. */
import type { RelayService } from '../plan/relayTable.ts';
import type { Tally } from './counts.ts';
import { PICKER_DEFAULTS, createPicker } from './pick/picker.ts';
import type { Picker } from './pick/picker.ts';
import type { ServiceStates } from './table.ts';

export interface ServiceState {
  /** As the table has it now; running connections see a change, too. */
  service: RelayService;
  readonly picker: Picker;
  readonly tally: Tally;
}

/** For `createTable`. The name's tally must be known before its line is followed. */
export function serviceStates(
  tallyOf: (name: string) => Tally,
  random: () => number,
): ServiceStates<ServiceState> {
  return {
    create(service) {
      const tally = tallyOf(service.name);
      const asideChanged = (endpoints: readonly unknown[]): void =>
        tally.setAside(endpoints.length);
      const picker = createPicker(service, { ...PICKER_DEFAULTS, random, asideChanged });
      return { service, picker, tally };
    },
    update(state, service) {
      state.service = service;
      state.picker.update(service);
    },
    remove({ tally }) {
      // Connections that still run keep the rest.
      tally.setAside(0);
    },
  };
}
