import type { TarEntry, TarItem } from '../../../../src/tar/entry.ts'
import { type RawPath, rawPath } from '../../../../src/tar/raw-path.ts'

interface Extras {
  readonly mode?: number
  readonly owner?: readonly [uid: number, gid: number]
  readonly seconds?: number
  readonly xattrs?: Readonly<Record<string, string | Uint8Array>>
}

function common(path: string, { mode = 0o644, owner = [0, 0], seconds = 1_700_000_000, xattrs = {} }: Extras) {
  const values = Object.entries(xattrs).map(([name, value]) => [name, Buffer.from(value)] as const)
  const time = BigInt(seconds) * 1_000_000_000n
  // A name in latin1 stands for bytes that are no UTF-8.
  const raw = path.startsWith('raw:') ? (path.slice(4) as RawPath) : rawPath(path)
  return { path: raw, mode, uid: owner[0], gid: owner[1], mtimeNs: time, xattrs: new Map(values) }
}

function item(entry: TarEntry): TarItem {
  return { entry }
}

export function file(path: string, text = path, extras: Extras = {}): TarItem {
  const content = Buffer.from(text)
  return { entry: { ...common(path, extras), type: 'file', size: content.byteLength }, open: () => [content] }
}

export function directory(path: string, extras: Extras = {}): TarItem {
  return item({ ...common(path, { mode: 0o755, ...extras }), type: 'directory' })
}

export function symlink(path: string, target: string, extras: Extras = {}): TarItem {
  return item({ ...common(path, { mode: 0o777, ...extras }), type: 'symlink', target: Buffer.from(target) })
}

export function hardlink(path: string, target: string, extras: Extras = {}): TarItem {
  return item({ ...common(path, extras), type: 'hardlink', target: rawPath(target) })
}

export function fifo(path: string, extras: Extras = {}): TarItem {
  return item({ ...common(path, extras), type: 'fifo' })
}

export function device(path: string, major: number, minor: number): TarItem {
  return item({ ...common(path, {}), type: 'character', major, minor })
}

export function whiteout(path: string): TarItem {
  const at = path.lastIndexOf('/') + 1
  return file(`${path.slice(0, at)}.wh.${path.slice(at)}`, '')
}

/** cap_net_raw=ep, as the kernel keeps it. */
export const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')

const accounts = 'root:x:0:0::/root:/bin/sh\nweb:x:1001:1002::/srv:/bin/sh\n'

/** A base with a bit of everything: usrmerge, hard links, odd modes and owners, attributes, whiteouts, odd names. */
export const richBase: readonly (readonly TarItem[])[] = [
  [
    directory('', { mode: 0o755, seconds: 1_600_000_000 }),
    directory('usr'),
    directory('usr/lib'),
    directory('usr/bin', { mode: 0o755 }),
    symlink('lib', 'usr/lib'),
    symlink('bin', '/usr/bin'),
    file('usr/bin/su', 'su', { mode: 0o4755 }),
    file('usr/bin/ping', 'ping', { mode: 0o755, xattrs: { 'security.capability': capability } }),
    directory('etc'),
    file('etc/passwd', accounts),
    file('etc/group', 'root:x:0:\nweb:x:1002:\nstaff:x:50:web\n'),
    file('etc/old.conf'),
    directory('odd', { mode: 0o2750, owner: [7, 8] }),
    file('odd/file', 'odd', { mode: 0o400, owner: [7, 8], xattrs: { 'user.note': 'hello' } }),
    directory('marked', { xattrs: { 'user.dir': 'x' } }),
    file('links/a', 'linked'),
    hardlink('links/b', 'links/a'),
    hardlink('links/deep/c', 'links/a'),
    directory('gone'),
    file('gone/one'),
    directory('emptied'),
    file('emptied/one'),
    file('emptied/two'),
    directory('tmp', { mode: 0o1777 }),
    fifo('run/pipe', { mode: 0o600 }),
    device('devices/null', 1, 3),
    symlink('dangling', 'nowhere/at/all'),
    symlink('loop', 'loop'),
    symlink('to-etc', 'etc'),
    symlink('out', '../../../etc'),
    file('raw:odd/na\xefve\xff', 'bytes'),
    file('with space/ü', 'unicode'),
  ],
  [
    whiteout('gone'),
    whiteout('etc/old.conf'),
    file('emptied/.wh..wh..opq', ''),
    file('emptied/three'),
    file('lib/through', 'put through the symlink'),
    file('links/a', 'one of them is another now'),
    directory('odd', { mode: 0o700, owner: [9, 9] }),
  ],
  [
    // Without it the root would be as old as the unpacked tree.
    directory('', { mode: 0o755, seconds: 1_600_000_001 }),
    hardlink('usr/bin/sudo', 'usr/bin/su', { mode: 0o4755 }),
    file('implicit/dir/file'),
    symlink('etc/alias', 'passwd'),
  ],
]
