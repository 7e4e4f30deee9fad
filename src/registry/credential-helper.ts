import { spawn } from 'node:child_process'
import { HearthError, systemCode } from '../errors.ts'
import { asRecord, parseJson } from '../oci/descriptor.ts'
import type { Credential } from './credential.ts'

export interface HelperLimits {
  readonly timeoutMs: number
  /** Bytes of output. */
  readonly output: number
}

export const helperLimits: HelperLimits = { timeoutMs: 30_000, output: 64 << 10 }

/**
 * Asks docker-credential-<name> for the login of a server; undefined when it knows none. Its output is a secret: it is
 * never part of an error. Throws HearthError "credentials-invalid" when it is missing, fails, hangs or says too much.
 */
export async function askHelper(
  name: string,
  server: string,
  limits: HelperLimits = helperLimits,
): Promise<Credential | undefined> {
  const program = `docker-credential-${name}`
  const { code, output } = await run(program, server, limits)
  const text = output.toString('utf8')
  if (code !== 0) {
    if (/credentials not found/i.test(text)) return undefined
    throw refuse(program, `it failed with exit code ${code} for ${server}`)
  }
  return credentialOf(text, program)
}

function credentialOf(text: string, program: string): Credential | undefined {
  let answer: Readonly<Record<string, unknown>>
  try {
    answer = asRecord(parseJson(text, 'answer'), 'answer')
  } catch {
    throw refuse(program, 'its answer is not a JSON object')
  }
  const { Username: username, Secret: secret } = answer
  if (typeof username !== 'string' || typeof secret !== 'string')
    throw refuse(program, 'its answer lacks Username or Secret')
  if (username === '' && secret === '') return undefined
  return username === '<token>' ? { identityToken: secret } : { username, password: secret }
}

function run(program: string, server: string, limits: HelperLimits): Promise<{ code: number | null; output: Buffer }> {
  return new Promise((resolve, reject) => {
    // A process group of its own, so that whatever it started can be ended with it.
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true })
    const chunks: Buffer[] = []
    let size = 0
    const fail = (why: string): void => {
      clearTimeout(timer)
      killGroup(child.pid)
      child.stdout.destroy()
      reject(refuse(program, why))
    }
    const timer = setTimeout(() => fail(`it did not answer within ${limits.timeoutMs / 1000} s`), limits.timeoutMs)
    child.on('error', (error) => fail(startFailure(error)))
    child.stdin.on('error', () => {})
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.byteLength
      if (size > limits.output) fail(`it printed more than ${limits.output} bytes`)
      else chunks.push(chunk)
    })
    // What it left running would keep the pipe open, and "close" from coming.
    child.on('exit', () => killGroup(child.pid))
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, output: Buffer.concat(chunks) })
    })
    child.stdin.end(`${server}\n`)
  })
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group is gone already.
  }
}

function startFailure(error: Error): string {
  return systemCode(error) === 'ENOENT'
    ? 'there is no such program in PATH'
    : `it cannot be started (${systemCode(error)})`
}

function refuse(program: string, why: string): HearthError {
  return new HearthError({
    code: 'credentials-invalid',
    message: `The credential helper ${program} gave no login`,
    why,
    fix: 'Install the helper, or remove it from credHelpers and credsStore in the Docker config.json.',
  })
}
