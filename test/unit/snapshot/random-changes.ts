import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  constants,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import fc from 'fast-check'
import { systemCode } from '../../../src/errors.ts'
import { type FileRecord, recordOf } from '../../../src/rootfs/record.ts'
import { makeNode } from '../../../src/sys/node.ts'
import { setTimes } from '../../../src/sys/times.ts'
import { joinRaw, onDisk, type RawPath, rawPath } from '../../../src/tar/raw-path.ts'
import { renameTree } from '../../support/rename-tree.ts'

/** One random change. The numbers choose among what is there when its turn comes. */
export interface Change {
  readonly kind: (typeof kinds)[number]
  readonly which: number
  readonly where: number
  readonly name: number
  readonly value: number
}

const kinds = [
  'write',
  'write',
  'directory',
  'directory',
  'rewrite',
  'mode',
  'owner',
  'time',
  'attribute',
  'attributeGone',
  'capability',
  'rename',
  'link',
  'symlink',
  'node',
  'replace',
  'remove',
  'recreate',
  'mountPoint',
  'hole',
] as const

const number = fc.nat(10_000)
const change = fc.record({ kind: fc.constantFrom(...kinds), which: number, where: number, name: number, value: number })

/** Changes that make a tree, and changes to that tree. */
export const history = fc.record({
  before: fc.array(change, { minLength: 5, maxLength: 40 }),
  after: fc.array(change, { minLength: 1, maxLength: 25 }),
})

const names = ['a', 'b', 'b.c', 'B', 'ü', '\xff', '-n', 'x\ny', `long-${'l'.repeat(120)}`, '.hidden']

const nodes = [
  { type: 'fifo', major: 0, minor: 0 },
  { type: 'character', major: 1, minor: 3 },
  { type: 'character', major: 1, minor: 5 },
  { type: 'block', major: 7, minor: 300 },
] as const

/** Makes a change below a root. One that is impossible there is no change. */
export function perform(root: string, change: Change): void {
  const paths = everythingBelow(root)
  const directories = paths.filter(({ type }) => type === 'directory')
  const chosen = paths[change.which % paths.length] as FileRecord
  const directory = directories[change.where % directories.length] as FileRecord
  const place = joinRaw(directory.path, Buffer.from(pick(names, change.name)).toString('latin1') as RawPath)
  try {
    actions[change.kind]({ root, chosen, place, directory, value: change.value })
  } catch (error) {
    const impossible = [
      'EEXIST',
      'ENOTEMPTY',
      'EISDIR',
      'ENOTDIR',
      'EINVAL',
      'ENAMETOOLONG',
      'EPERM',
      'EMLINK',
      'EXDEV',
    ]
    if (!impossible.includes(systemCode(error) ?? '')) throw error
  }
}

interface Action {
  readonly root: string
  /** Something that exists, possibly the root. */
  readonly chosen: FileRecord
  /** Below some directory, existing or not. */
  readonly place: RawPath
  readonly directory: FileRecord
  readonly value: number
}

const actions: Readonly<Record<Change['kind'], (action: Action) => void>> = {
  write({ root, place, value }) {
    if ((recordOf(root, place)?.type ?? 'file') === 'file') writeInto(root, place, content(value, value % 5000))
  },
  hole({ root, chosen, value }) {
    if (chosen.type === 'file') truncateSync(onDisk(root, chosen.path), chosen.size + (value % 200_000))
  },
  directory: ({ root, place, value }) => mkdirSync(onDisk(root, place), { mode: 0o700 + (value % 0o100) }),
  rewrite({ root, chosen, value }) {
    if (chosen.type !== 'file') return
    writeInto(root, chosen.path, content(value, chosen.size))
    setTimes(onDisk(root, chosen.path), chosen.mtimeNs)
  },
  mode({ root, chosen, value }) {
    if (chosen.type !== 'symlink')
      chmodSync(onDisk(root, chosen.path), pick([0o644, 0o4755, 0o2770, 0o1777, 0, 0o7777], value))
  },
  owner: ({ root, chosen, value }) => lchownSync(onDisk(root, chosen.path), value % 3, value % 70_000),
  time({ root, chosen, value }) {
    if (value % 2 === 0) lutimesSync(onDisk(root, chosen.path), value, value)
    else setTimes(onDisk(root, chosen.path), BigInt(value) * 1_234_567_891n - 5_000_000_000n)
  },
  attribute({ root, chosen, value }) {
    const holdsAny = chosen.type === 'file' || chosen.type === 'directory'
    const name = holdsAny ? pick(['user.a', 'user.ü', 'trusted.t'], value) : 'trusted.t'
    setfattr(root, chosen, ['-n', name, '-v', `0x${content(value, value % 20).toString('hex')}`])
  },
  capability({ root, chosen }) {
    const value = `0x01000002${'0020000000000000'.repeat(2)}`
    if (chosen.type === 'file') setfattr(root, chosen, ['-n', 'security.capability', '-v', value])
  },
  attributeGone({ root, chosen }) {
    const listed = getfattr(root, chosen)
    for (const name of listed.slice(0, 1)) setfattr(root, chosen, ['-x', name])
  },
  rename({ root, chosen, place }) {
    if (chosen.path !== '') renameTree(onDisk(root, chosen.path), onDisk(root, place))
  },
  link({ root, chosen, place }) {
    if (chosen.type !== 'directory') linkSync(onDisk(root, chosen.path), onDisk(root, place))
  },
  symlink: ({ root, place, value }) =>
    symlinkSync(pick(['a', 'b', '../a', '/nowhere', '\xfe'], value), onDisk(root, place)),
  node: ({ root, place, value }) => makeNode(onDisk(root, place), { mode: 0o640, ...pick(nodes, value) }),
  replace({ root, chosen, value }) {
    if (chosen.path === '') return
    remove(root, chosen.path)
    const make = pick([actions.write, actions.directory, actions.symlink, actions.node], value)
    make({ root, chosen, place: chosen.path, directory: chosen, value })
  },
  remove({ root, chosen }) {
    if (chosen.path !== '') remove(root, chosen.path)
  },
  recreate({ root, directory, value }) {
    const { path } = directory
    if (path === '') return
    const names = readdirSync(onDisk(root, path), { encoding: 'latin1' }) as RawPath[]
    remove(root, path)
    mkdirSync(onDisk(root, path), { mode: directory.mode })
    for (const name of names)
      if ((value + name.length) % 2 === 0) writeInto(root, joinRaw(path, name), content(value, 3))
    if (value % 3 === 0) setTimes(onDisk(root, path), directory.mtimeNs)
  },
  mountPoint({ root, directory }) {
    const { path, mtimeNs } = directory
    mkdirSync(onDisk(root, joinRaw(path, rawPath('mount-point'))))
    remove(root, joinRaw(path, rawPath('mount-point')))
    setTimes(onDisk(root, path), mtimeNs)
  },
}

function everythingBelow(root: string): readonly FileRecord[] {
  const found: FileRecord[] = []
  const visit = (path: RawPath): void => {
    const record = recordOf(root, path)
    if (record === undefined) return
    found.push(record)
    if (record.type !== 'directory') return
    for (const name of readdirSync(onDisk(root, path), { encoding: 'latin1' }).sort())
      visit(joinRaw(path, name as RawPath))
  }
  visit(rawPath(''))
  return found
}

/** Never through a symlink. */
function writeInto(root: string, path: RawPath, bytes: Buffer): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
  const descriptor = openSync(onDisk(root, path), flags, 0o644)
  try {
    writeFileSync(descriptor, bytes)
  } finally {
    closeSync(descriptor)
  }
}

function remove(root: string, path: RawPath): void {
  rmSync(onDisk(root, path), { recursive: true })
}

/** Programs take names as text: files with other names keep the attributes they have. */
function setfattr(root: string, file: FileRecord, args: readonly string[]): void {
  withTextName(root, file, (path) => execFileSync('setfattr', ['-h', ...args, path], { stdio: 'pipe' }))
}

function getfattr(root: string, file: FileRecord): readonly string[] {
  let listed = ''
  withTextName(root, file, (path) => {
    listed = execFileSync('getfattr', ['-h', '--absolute-names', '-m', '-', path], {
      stdio: 'pipe',
      encoding: 'latin1',
    })
  })
  return listed
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map(unescaped)
}

function unescaped(name: string): string {
  return Buffer.from(
    name.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    'latin1',
  ).toString('utf8')
}

function withTextName(root: string, { path }: FileRecord, use: (path: string) => void): void {
  const text = `${root}/${Buffer.from(path, 'latin1').toString('utf8')}`
  if (Buffer.from(text).equals(onDisk(root, path))) use(text)
}

function content(seed: number, size: number): Buffer {
  return Buffer.alloc(size, `${seed} `)
}

function pick<T>(choices: readonly T[], value: number): T {
  return choices[value % choices.length] as T
}
