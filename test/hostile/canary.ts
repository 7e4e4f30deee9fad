import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLog } from '../../src/log.ts'
import { applyLayer } from '../../src/rootfs/apply.ts'
import { extractArchive } from '../../src/rootfs/extract.ts'
import type { Bytes } from '../../src/stream/bytes.ts'
import { rawPath } from '../../src/tar/raw-path.ts'
import { type Lifetime, temporaryDirectory } from '../support/temp.ts'

/** A root, and around it what an archive would like to reach. */
export interface Canary {
  readonly root: string
  /** Lies beside the root. */
  readonly victim: string
  readonly warnings: string[]
  /** Puts a layer into the root, in chunks of so many bytes. */
  apply(layer: Uint8Array, chunkSize?: number): Promise<void>
  /** Unpacks an archive into a directory of the root. */
  extract(archive: Uint8Array, target?: string): Promise<void>
  /** All that can be seen outside of the root. */
  outside(): readonly string[]
}

export function canary(owner: Lifetime): Canary {
  const base = temporaryDirectory(owner)
  const [root, victim] = [join(base, 'rootfs'), join(base, 'victim')]
  for (const path of [root, victim, join(base, 'rootfs-evil')]) mkdirSync(path, { mode: 0o711 })
  writeFileSync(join(victim, 'hello'), 'still here', { mode: 0o640 })
  writeFileSync(join(base, 'rootfs-evil/hello'), 'still here')
  symlinkSync('victim', join(base, 'link'))
  const warnings: string[] = []
  const write = (line: string): void => void warnings.push(line)
  const log = createLog({ level: 'warn', format: 'text', timestamp: false, secrets: [], write, now: () => new Date() })
  return {
    root,
    victim,
    warnings,
    apply: (layer, chunkSize = 1 << 20) => applyLayer(root, inChunks(layer, chunkSize), { log }),
    extract: (archive, target = '') => extractArchive(root, rawPath(target), inChunks(archive, 1 << 20), { log }),
    outside: () => describe(base, (path) => path !== 'rootfs'),
  }
}

export async function* inChunks(bytes: Uint8Array, size: number): Bytes {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

/** Every file below a directory, one line each, with all that an archive could have changed. */
export function describe(base: string, wanted: (path: string) => boolean = () => true): readonly string[] {
  const lines: string[] = []
  const waiting = ['']
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const host = Buffer.from(`${base}/${path}`, 'latin1')
    const stat = lstatSync(host, { bigint: true })
    const { mode, uid, gid, nlink, ino, mtimeNs } = stat
    // The base itself holds the root, in which a directory more is a link more.
    const times = path === '' ? '' : `${nlink} ${ino} ${mtimeNs}`
    lines.push(`/${path} ${mode.toString(8)} ${uid}:${gid} ${times} ${contentOf(host, stat)}`)
    if (!stat.isDirectory()) continue
    for (const name of readdirSync(host, { encoding: 'latin1' })) {
      const child = path === '' ? name : `${path}/${name}`
      if (wanted(child)) waiting.push(child)
    }
  }
  return lines.sort()
}

function contentOf(host: Buffer, stat: { isFile(): boolean; isSymbolicLink(): boolean }): string {
  if (stat.isFile()) return readFileSync(host, 'latin1')
  return stat.isSymbolicLink() ? readlinkSync(host, 'latin1') : ''
}

/** The paths in a root with what they are: "etc/ etc/passwd=text bin->usr/bin". */
export function listing(root: string): readonly string[] {
  const lines: string[] = []
  const waiting = readdirSync(root, { encoding: 'latin1' })
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const host = Buffer.from(`${root}/${path}`, 'latin1')
    const stat = lstatSync(host)
    if (stat.isFile()) lines.push(`${path}=${readFileSync(host, 'latin1')}`)
    else if (stat.isSymbolicLink()) lines.push(`${path}->${readlinkSync(host, 'latin1')}`)
    else lines.push(stat.isDirectory() ? `${path}/` : path)
    if (stat.isDirectory()) waiting.push(...readdirSync(host, { encoding: 'latin1' }).map((name) => `${path}/${name}`))
  }
  return lines.sort()
}
