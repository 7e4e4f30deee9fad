// The first process of a command's namespaces, a program of its own: takes an order, becomes the init of the command and
// reports how it ended. When it ends, or the executor does, the kernel kills whatever is left of the command.
import { type ChildProcess, spawn } from 'node:child_process'
import { fchownSync, readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import { messageOf, systemCode } from '../errors.ts'
import { type Capability, limitCapabilities } from '../sys/capabilities.ts'
import { closeDescriptorsOnExec } from '../sys/descriptors.ts'
import { asIdentity } from '../sys/identity.ts'
import { limitOpenFiles } from '../sys/limits.ts'
import { setHostname, unshare } from '../sys/namespaces.ts'
import { hideFromPeers } from '../sys/prctl.ts'
import { reapOrphans } from '../sys/wait.ts'
import { enterRoot, type OldRoot } from './enter-root.ts'
import { channel, type LaunchOrder, type LaunchReport } from './launch-order.ts'
import { provideSurroundings } from './surroundings.ts'

/** What Docker leaves to containers. */
const allowed: readonly Capability[] = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'net_bind_service',
  'net_raw',
  'sys_chroot',
  'mknod',
  'audit_write',
  'setfcap',
]

/** The soft limit the kernel starts with; Node raises its own to the hard one. */
const usualOpenFiles = 1024n

/** Failures to start that are the machine's, not the program's. */
const machineFailures = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']

launch(readOrder())

function launch(order: LaunchOrder): void {
  try {
    closeDescriptorsOnExec(channel)
    unshare(['ipc', 'uts', 'cgroup'])
    setHostname(order.hostname)
    const oldRoot = enterRoot(order.root)
    provideSurroundings(order)
    prepareFor(order, oldRoot)
    const command = startCommand(order)
    hideFromPeers()
    process.on('SIGCHLD', () => reapOrphans(command.pid))
    command.on('error', (error) => report(startFailure(error)))
    command.on('exit', (code, signal) => report(ending(code, signal)))
  } catch (error) {
    report({ kind: 'failed', code: systemCode(error) ?? '', message: messageOf(error) })
  }
  new Socket({ fd: channel }).on('error', leave).on('close', leave).resume()
}

/** Sets what a program inherits from the one that starts it. */
function prepareFor({ user, workdir }: LaunchOrder, oldRoot: OldRoot): void {
  limitOpenFiles(usualOpenFiles)
  process.umask(0o022)
  process.chdir(workdir)
  // /dev/stdout can be opened again only by the owner of the pipe.
  for (const output of [1, 2]) fchownSync(output, user.uid, user.gid)
  limitCapabilities(allowed.filter((name) => name !== 'sys_chroot' || oldRoot === 'gone'))
}

function startCommand({ argv, env, user }: LaunchOrder): ChildProcess {
  const [program = '', ...args] = argv
  try {
    return asIdentity(user, () => spawn(program, args, { env, stdio: ['ignore', 1, 2], detached: true }))
  } catch (error) {
    return report(startFailure(error))
  }
}

function startFailure(error: unknown): LaunchReport {
  const code = systemCode(error) ?? ''
  if (machineFailures.includes(code)) return { kind: 'failed', code, message: messageOf(error) }
  return { kind: 'not-started', code }
}

function ending(code: number | null, signal: NodeJS.Signals | null): LaunchReport {
  if (signal === null) return { kind: 'ended', outcome: { exitCode: code ?? 0 } }
  return { kind: 'ended', outcome: { exitCode: 128 + constants.signals[signal], signal } }
}

function readOrder(): LaunchOrder {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(1 << 16)
    const length = readSync(channel, chunk)
    if (length === 0) leave()
    chunks.push(chunk.subarray(0, length))
    if (chunk[length - 1] === 0x0a) return JSON.parse(Buffer.concat(chunks).toString())
  }
}

function report(answer: LaunchReport): never {
  writeSync(channel, `${JSON.stringify(answer)}\n`)
  return leave()
}

function leave(): never {
  return process.exit(0)
}
