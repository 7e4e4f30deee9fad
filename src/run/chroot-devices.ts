import { chmodSync, closeSync, constants, mkdirSync, openSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { HearthError, messageOf } from '../errors.ts'
import { makeNode } from '../sys/node.ts'
import { devices, makeDevice } from './devices.ts'
import type { CommandScript, OutputStream } from './isolation.ts'
import { writeScript } from './place-scripts.ts'
import { deviceLinks, requireScriptPath } from './surroundings.ts'

const outputs: readonly OutputStream[] = ['stdout', 'stderr']

/**
 * Makes a /dev out of nothing but files: without mounts, and for commands that have no /proc. The streams of output are
 * named pipes, in place of links to what a process has open; the links that remain lead nowhere, so that to use them
 * fails. Throws "run-unavailable" where devices cannot be made or opened.
 */
export function makeDeviceDirectory(directory: string, scripts: readonly CommandScript[]): void {
  for (const script of scripts) requireScriptPath(script)
  makeDirectory(directory, 0o755)
  makeDirectory(join(directory, 'shm'), 0o1777)
  try {
    for (const device of devices) makeDevice(join(directory, device), device)
    closeSync(openSync(join(directory, 'null'), constants.O_RDWR))
  } catch (error) {
    throw noDevices(error)
  }
  for (const name of ['fd', 'stdin'] as const) symlinkSync(deviceLinks[name], join(directory, name))
  for (const output of outputs) makeFifo(join(directory, output))
  if (scripts.length === 0) return
  const place = join(directory, 'pipes')
  makeDirectory(place, 0o755)
  for (const script of scripts) writeScript(place, script)
}

/** Whatever the umask is. */
function makeDirectory(path: string, mode: number): void {
  mkdirSync(path)
  chmodSync(path, mode)
}

/** Everybody may write to it. */
function makeFifo(path: string): void {
  const mode = 0o622
  makeNode(Buffer.from(path), { type: 'fifo', mode, major: 0, minor: 0 })
  chmodSync(path, mode)
}

function noDevices(cause: unknown): HearthError {
  return new HearthError({
    code: 'run-unavailable',
    message: 'Commands cannot be given the devices every program needs',
    why: `${messageOf(cause)}; without mounts they have to be made in the work directory`,
    fix: 'Give the container CAP_MKNOD, not in a user namespace, and a work directory that is not mounted with nodev.',
    cause,
  })
}
