import { spawn } from 'node:child_process'
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

/** Begins a conversation through the ssh program, which finds keys, agents and known hosts as it always does. */
export async function sshConversation(address: GitAddress, { env, signal }: SshOptions): Promise<GitConversation> {
  const [command, args] = commandLine(address, env.GIT_SSH_COMMAND)
  const child = spawn(command, args, { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-longestComplaint)
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let trouble: unknown
  child.on('error', (error) => {
    trouble = error
  })
  const failed = async (error: unknown): Promise<Error> => {
    await closed
    if (systemCode(trouble) === 'ENOENT') return noProgram(address, trouble)
    const said = complaint.trim()
    return gitFailure(address, { why: said === '' ? messageOf(trouble ?? error) : said, fix: advice, cause: error })
  }
  const end = async (): Promise<void> => {
    child.stdin.end()
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null && trouble === undefined) await once(child, 'close')
  }
  return await streamConversation({ output: child.stdout, input: child.stdin, end, failed, signal })
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
