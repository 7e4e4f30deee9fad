import { constants } from 'node:os'
import { checked } from './libc.ts'
import { prctl } from './prctl.ts'

const parentDeathSignal = 1

/** From now on this process gets a SIGTERM when its parent ends, for whatever reason. */
export function endWithParent(): void {
  checked('prctl', prctl(parentDeathSignal, constants.signals.SIGTERM), 'the parent death signal')
}
