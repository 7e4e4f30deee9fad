import { lstatSync } from 'node:fs'
import { HearthError, messageOf } from '../errors.ts'
import { removal } from '../rootfs/removal.ts'
import { type Device, devices, makeDevice } from './devices.ts'

/**
 * Notes which of the usual devices a /dev has. Gives what makes those again that a command has removed or replaced, and
 * tells their paths. That throws "run-unavailable" where the kernel forbids it: no further command would work.
 */
export function guardDevices(directory: string): () => readonly string[] {
  const numbers = new Map(devices.map((device) => [device, numberOf(`${directory}/${device}`)]))
  return () => {
    const damaged = devices.filter((device) => {
      const number = numbers.get(device)
      return number !== undefined && numberOf(`${directory}/${device}`) !== number
    })
    return damaged.map((device) => makeAgain(`${directory}/${device}`, device))
  }
}

/** Undefined for what is no character device. */
function numberOf(path: string): number | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat?.isCharacterDevice() === true ? stat.rdev : undefined
}

function makeAgain(path: string, device: Device): string {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
      for (const _ of removal(Buffer.from(path))) {
        // Each turn removes something.
      }
    }
    makeDevice(path, device)
    return path
  } catch (error) {
    throw new HearthError({
      code: 'run-unavailable',
      message: `The command has taken away ${path}, which all commands need`,
      why: `it cannot be made again: ${messageOf(error)}`,
      fix: `Leave ${path} alone, or give the container the capability MKNOD.`,
      cause: error,
    })
  }
}
