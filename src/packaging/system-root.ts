import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, systemCode } from '../errors.ts'
import type { Machine } from './machine.ts'
import type { Licence } from './pieces.ts'
import { checkMachine, checkStatic, type Program, readProgram } from './program.ts'
import { refused } from './refused.ts'
import type { FindLibrary } from './shared-libraries.ts'

const installPackages = 'Install the packages busybox-static and ca-certificates in the stage the image is laid out in.'

/** Debian packages whose files get into the image, and whose licences must come along. */
const licensed = ['busybox-static', 'ca-certificates', 'libc6', 'libgcc-s1', 'libstdc++6']

/** Finds libraries where a Debian system has them. */
export function systemLibraries(root: string, machine: Machine): FindLibrary {
  const directories = [`usr/lib/${machine.triple}`, `lib/${machine.triple}`]
  return (soname) => {
    for (const directory of directories) {
      const path = join(root, directory, soname)
      const bytes = readIfThere(path)
      if (bytes !== undefined) return readProgram(path, bytes)
    }
    return undefined
  }
}

/** The static busybox of a Debian system, with the names it answers to. It must run here, or it cannot say them. */
export function systemBusybox(
  root: string,
  machine: Machine,
): { readonly busybox: Program; readonly applets: readonly string[] } {
  const path = join(root, 'bin/busybox')
  const busybox = readProgram(path, readNeeded(path))
  checkMachine(busybox, machine)
  checkStatic(busybox)
  return { busybox, applets: appletsOf(path) }
}

/** The certificates a Debian system trusts. */
export function systemAuthorities(root: string): Buffer {
  const path = join(root, 'etc/ssl/certs/ca-certificates.crt')
  const bytes = readNeeded(path)
  if (bytes.includes('-----BEGIN CERTIFICATE-----')) return bytes
  throw refused({ message: 'There is no certificate in this file', where: path, fix: installPackages })
}

/** The licences of what Debian contributes to the image. */
export function systemLicences(root: string): readonly Licence[] {
  return licensed.map((name) => ({ of: name, text: readNeeded(join(root, 'usr/share/doc', name, 'copyright')) }))
}

function appletsOf(path: string): readonly string[] {
  try {
    return execFileSync(path, ['--list'], { encoding: 'utf8' }).trim().split('\n')
  } catch (error) {
    throw refused({
      message: 'busybox does not say which commands it has',
      where: path,
      why: messageOf(error),
      fix: 'Make the image on a machine, or in an emulator, that can run it.',
    })
  }
}

function readNeeded(path: string): Buffer {
  const bytes = readIfThere(path)
  if (bytes !== undefined) return bytes
  throw refused({ message: 'A piece of the image is missing', where: path, fix: installPackages })
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
