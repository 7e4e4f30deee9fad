import { chmodSync, writeFileSync } from 'node:fs'
import { makeNode } from '../sys/node.ts'
import { orWhereRefused } from './refusals.ts'

/** Devices every program may count on: major and minor number. */
const numbers = {
  null: [1, 3],
  zero: [1, 5],
  full: [1, 7],
  random: [1, 8],
  urandom: [1, 9],
  tty: [5, 0],
} as const

export type Device = keyof typeof numbers

export const devices = Object.keys(numbers) as readonly Device[]

/** Makes a device that everybody may use. */
export function makeDevice(path: string, device: Device): void {
  const [major, minor] = numbers[device]
  makeNode(Buffer.from(path), { type: 'character', mode: 0o666, major, minor })
  chmodSync(path, 0o666)
}

/** Makes an empty file, which something is to be mounted on. */
export function makePlace(path: string): void {
  writeFileSync(path, '')
}

/**
 * Makes what a device is to be mounted on: a device that no driver has, so that programs which read only the directory
 * (`find -type f`) do not take it for a file. Where the kernel forbids even that, a file.
 */
export function makeDevicePlace(path: string): void {
  orWhereRefused(
    () => makeNode(Buffer.from(path), { type: 'character', mode: 0o666, major: 0, minor: 0 }),
    () => makePlace(path),
  )
}
