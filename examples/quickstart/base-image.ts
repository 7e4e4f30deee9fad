import { type ExecFileSyncOptions, execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { busyboxConfig, busyboxProgram, makeBusyboxRoot } from './busybox-root.ts'
import { writeImageLayout } from './image-layout.ts'

/** A base image to warm. */
export interface BaseImage {
  /** What the warmer takes: "oci:directory:name", or a registry reference. */
  readonly source: string
  /** What the Dockerfile's FROM says. */
  readonly name: string
  /** Where it comes from, for the reader. */
  readonly origin: string
  /** It is what the Dockerfile's ARG BASE says by itself. */
  readonly isDefault: boolean
}

const localName = 'quickstart/busybox:1'
const hubName = 'docker.io/library/busybox:1.36'

/** Makes the base of Debian's busybox-static below `directory`; where Debian cannot be reached, Docker Hub's busybox will do. */
export async function makeBaseImage(directory: string): Promise<BaseImage> {
  const program = findBusybox(directory)
  if (program === undefined) return { source: hubName, name: hubName, origin: 'Docker Hub', isDefault: false }
  const rootfs = join(directory, 'rootfs')
  makeBusyboxRoot(rootfs, program)
  const layout = join(directory, 'layout')
  await writeImageLayout({ rootfs, layout, name: localName, config: busyboxConfig })
  const source = `oci:${layout}:${localName}`
  return { source, name: localName, origin: "this machine's busybox-static", isDefault: true }
}

/** The static busybox of this machine, else one unpacked from Debian's package; nothing gets installed. */
function findBusybox(directory: string): string | undefined {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholder
  const status = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', 'busybox-static'], { encoding: 'utf8' })
  if (status.stdout === 'installed') return busyboxProgram
  const unpacked = join(directory, 'package')
  mkdirSync(unpacked, { recursive: true })
  try {
    console.log('Downloading busybox-static from Debian…')
    const quiet: ExecFileSyncOptions = { cwd: unpacked, stdio: ['ignore', 'ignore', 'pipe'] }
    execFileSync('apt-get', ['-q', 'update'], quiet)
    execFileSync('apt-get', ['-q', 'download', 'busybox-static'], quiet)
    execFileSync('sh', ['-c', 'dpkg-deb -x busybox-static_*.deb .'], quiet)
    return join(unpacked, busyboxProgram)
  } catch (error) {
    console.log(`Debian's busybox-static cannot be had (${String(error).split('\n')[0]}); trying Docker Hub's busybox.`)
    return undefined
  }
}
