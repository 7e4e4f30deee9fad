import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { messageOf, systemCode } from '../errors.ts'
import type { GitAddress } from './address.ts'
import { gitFailure } from './failure.ts'
import { streamConversation } from './stream-conversation.ts'
import type { GitConversation } from './transport.ts'

export interface SshOptions {
  /** What ssh is started with; its GIT_SSH_COMMAND, a line for the shell, is used in place of "ssh". */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
}

/** As many bytes of what ssh complains of as are shown. */
const longestComplaint = 2000
const patienceMs = 2000

/** Begins a conversation through the ssh program, which finds keys, agents and known hosts as it always does. */
export async function sshConversation(address: GitAddress, { env, signal }: SshOptions): Promise<GitConversation> {
  const [command, args] = commandLine(address, env.GIT_SSH_COMMAND)
  const child = spawn(command, args, { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-longestComplaint)
  })
  let isClosed = false
  const closed = once(child, 'close').then(
    () => {
      isClosed = true
    },
    () => {},
  )
  let trouble: unknown
  child.on('error', (error) => {
    trouble = error
  })
  const failed = async (error: unknown): Promise<Error> => {
    // What it complains of may still be on its way; what it says otherwise keeps it from ending.
    child.stdin.end()
    child.stdout.destroy()
    const patience = setTimeout(() => endGroup(child), patienceMs)
    await closed
    clearTimeout(patience)
    if (systemCode(trouble) === 'ENOENT') return noProgram(address, trouble)
    const said = complaint.trim()
    return gitFailure(address, { why: said === '' ? messageOf(trouble ?? error) : said, fix: advice, cause: error })
  }
  const end = async (): Promise<void> => {
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
    if (!isClosed) endGroup(child)
    await closed
  }
  return await streamConversation({ output: child.stdout, input: child.stdin, end, failed, signal })
}

/** A shell that was started in its place may have started others. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGTERM')
  } catch {
    // It has ended meanwhile.
  }
}

const advice = 'Check that ssh gets to this host without a question: its key or agent, and known_hosts.'

function commandLine(address: GitAddress, shellLine: string | undefined): readonly [string, readonly string[]] {
  const { hostname, port } = new URL(`http://${address.host}`)
  const host = hostname.replace(/^\[|\]$/g, '')
  const remote = `git-upload-pack ${quoted(address.path)}`
  const args = [
    ...['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=30', '-o', 'ServerAliveInterval=30'],
    ...(port === '' ? [] : ['-p', port]),
    ...[address.user === undefined ? host : `${address.user}@${host}`, remote],
  ]
  if (shellLine === undefined || shellLine === '') return ['ssh', args]
  return ['/bin/sh', ['-c', `${shellLine} "$@"`, 'ssh', ...args]]
}

/** For the shell of the other side. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`
}

function noProgram(address: GitAddress, cause: unknown): Error {
  return gitFailure(address, {
    why: 'this address needs the program ssh, and there is none here',
    fix: 'Use the https address of the repository, or run this where OpenSSH is installed: the published images have none.',
    cause,
  })
}
