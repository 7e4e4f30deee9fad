import assert from 'node:assert/strict'
import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeBusyboxRoot } from '../../examples/quickstart/busybox-root.ts'
import type { IgnoredPaths } from '../../src/rootfs/ignored-paths.ts'
import type { CommandMount } from '../../src/run/command-mount.ts'
import type { CommandNetwork, CommandScript, Isolation, OutputStream, RunOutcome } from '../../src/run/isolation.ts'
import type { ResolvedUser } from '../../src/run/user.ts'
import { rawPath } from '../../src/tar/raw-path.ts'
import { processesWith } from '../support/processes.ts'
import { emptySharedRoot } from '../support/shared-root.ts'
import { temporaryDirectory } from '../support/temp.ts'

/** An implementation under test. */
export interface IsolationMaker {
  /** What messages call it. */
  readonly name: string
  make(): Isolation
  /** A program that runs a shell script: PROGRAM <root> <script>. It prints a `ChildReport` as JSON when that has ended. */
  readonly child: string
  /** Whether commands have a root, mounts, devices and processes of their own. Otherwise they have the machine's. */
  readonly walls: boolean
  /**
   * What commands do not have of their own behind the walls: devices they make, a view of only their processes, a barrier
   * between theirs and those of others, or anything that is mounted. Without mounts there are neither /proc nor /sys nor
   * terminals, nothing is held in its place, and what is a wall to others is only a root.
   */
  readonly lacks?: readonly ('devices' | 'processes' | 'barrier' | 'mounts')[]
  /** The static busybox of which roots are made. Default: the machine's. */
  readonly busybox?: string
}

export interface ChildReport {
  readonly outcome: RunOutcome
  readonly lines: number
  readonly characters: number
  /** The most memory the program ever had, in KiB. */
  readonly maxRSS: number
}

export const rootUser: ResolvedUser = { uid: 0, gid: 0, groups: [0], home: '/root' }
export const carol: ResolvedUser = { uid: 1234, gid: 77, groups: [77, 78, 79], home: '/home/carol' }
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What a test cares about; the rest is a root shell in "/" with a usual PATH. */
export interface Variation {
  readonly root?: string
  readonly env?: Readonly<Record<string, string>>
  readonly user?: ResolvedUser
  readonly workdir?: string
  readonly scripts?: readonly CommandScript[]
  readonly mounts?: readonly CommandMount[]
  readonly network?: CommandNetwork
  readonly signal?: AbortSignal
  readonly onLine?: (stream: OutputStream, line: string) => void
}

export interface Ran {
  readonly outcome: RunOutcome
  readonly stdout: readonly string[]
  readonly stderr: readonly string[]
}

/** A new busybox root and what runs commands in it. */
export interface Bench {
  readonly root: string
  /** What is in the root now, without what is not the image's. */
  tree(): readonly string[]
  exec(argv: readonly string[], variation?: Variation): Promise<Ran>
  /** Runs a shell script that must succeed; gives the lines of its standard output. */
  sh(script: string, variation?: Variation): Promise<readonly string[]>
  /** Lines of a file of /proc/PID, those that match, for a command of this user. */
  processFile(file: string, pattern: RegExp, user?: ResolvedUser): Promise<readonly string[]>
  /** A new directory, empty or with a busybox root, that goes with the test. */
  newDirectory(content: 'empty' | 'busybox'): string
}

/** States what an implementation promises, and how to see it on a new bench. */
export type Promising = (sentence: string, check: (bench: Bench, t: TestContext) => Promise<void>) => void

export function promisesOf(maker: IsolationMaker): Promising {
  return (sentence, check) => void test(`${maker.name}: ${sentence}`, (t) => check(makeBench(t, maker), t))
}

function makeBench(t: TestContext, { make, busybox, lacks = [] }: IsolationMaker): Bench {
  const isolation = make()
  const shared = isolation.sharedRoot
  // What is shared goes with its container, and has no program that removes directories.
  const directory = shared === undefined ? temporaryDirectory(t) : mkdtempSync(join(tmpdir(), 'hearth-test-'))
  const newDirectory: Bench['newDirectory'] = (content) => {
    const made = mkdtempSync(join(directory, 'd-'))
    chmodSync(made, 0o755)
    if (content === 'busybox') makeBusyboxRoot(made, busybox)
    return made
  }
  const root = shared === undefined ? newDirectory('busybox') : shared.path
  if (shared !== undefined) {
    emptySharedRoot(shared)
    makeBusyboxRoot(root, busybox)
  }
  const exec: Bench['exec'] = async (argv, variation = {}) => {
    const said = { stdout: [] as string[], stderr: [] as string[] }
    const { onLine, signal, ...given } = variation
    const command = { root, argv, env: { PATH: path }, user: rootUser, workdir: '/', ...given }
    const outcome = await isolation.run(command, {
      onLine: onLine ?? ((stream, line) => said[stream].push(line)),
      ...(signal === undefined ? {} : { signal }),
    })
    return { outcome, ...said }
  }
  const sh: Bench['sh'] = async (script, variation) => {
    const { outcome, stdout, stderr } = await exec(['sh', '-c', script], variation)
    assert.deepEqual([outcome, stderr], [{ exitCode: 0 }, []], script)
    return stdout
  }
  const processFile: Bench['processFile'] = async (file, pattern, user = rootUser) => {
    const ownLines = (): Promise<readonly string[]> => sh(`exec cat /proc/self/${file}`, { user })
    const lines = lacks.includes('mounts') ? await linesFromOutside(exec, file, user) : await ownLines()
    return lines.filter((line) => pattern.test(line)).map((line) => line.replace(/\t+/g, ' '))
  }
  return { root, tree: () => treeOf(root, shared?.ignored()), exec, sh, processFile, newDirectory }
}

/** The same for a command that has no /proc, but a process id that is known here. */
async function linesFromOutside(exec: Bench['exec'], file: string, user: ResolvedUser): Promise<readonly string[]> {
  const seconds = uniqueSeconds()
  const ended = exec(['sleep', seconds], { user })
  const search = async (): Promise<number> => {
    for (let tries = 0; tries < 1000; tries += 1) {
      const [found] = processesWith(seconds)
      if (found !== undefined) return Number.parseInt(found, 10)
      await sleep(10)
    }
    throw new Error('the command is not to be seen')
  }
  const pid = await Promise.race([
    search(),
    ended.then((ran) => {
      throw new Error(`it ended at once: ${JSON.stringify(ran)}`)
    }),
  ])
  const text = readFileSync(`/proc/${pid}/${file}`, 'utf8')
  process.kill(pid, 'SIGKILL')
  assert.deepEqual((await ended).outcome, { exitCode: 137, signal: 'SIGKILL' })
  return text.trimEnd().split('\n')
}

/** A time to sleep by which a test finds its own processes. */
export function uniqueSeconds(): string {
  return String(1_000_000 + Math.floor(Math.random() * 1_000_000_000))
}

/** Everything about a tree that a layer could hold: one line for each file, with type, mode, owner, times and content. */
export function treeOf(root: string, ignored?: IgnoredPaths): readonly string[] {
  const all = ['.', ...namesBelow(root, '', ignored)].sort()
  return all.map((name) => {
    const at = join(root, name)
    const { mode, uid, gid, mtimeNs, size } = lstatSync(at, { bigint: true })
    const content = lstatSync(at).isFile() ? readFileSync(at, 'latin1').slice(0, 200) : ''
    const target = lstatSync(at).isSymbolicLink() ? readlinkSync(at) : ''
    const bytes = lstatSync(at).isDirectory() ? '' : size
    return [name, mode.toString(8), `${uid}:${gid}`, mtimeNs, bytes, target, content].join(' ')
  })
}

function namesBelow(root: string, directory: string, ignored: IgnoredPaths | undefined): readonly string[] {
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const name = join(directory, entry.name)
    if (ignored?.covers(rawPath(name)) === true) return []
    return entry.isDirectory() ? [name, ...namesBelow(root, name, ignored)] : [name]
  })
}
