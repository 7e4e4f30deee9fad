import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { diskError } from '../content/disk-error.ts'
import { systemCode } from '../errors.ts'
import { withLogin } from '../registry/with-login.ts'
import { collect } from '../stream/bytes.ts'
import { readEnvironment } from './environment.ts'
import type { Flag } from './flags/flag.ts'
import { wrongUsage } from './flags/usage.ts'
import type { StandardInput } from './program.ts'
import type { Subcommand, SubcommandCall } from './subcommand.ts'

const group = 'Login'

const flags: readonly Flag[] = [
  { name: 'username', alias: 'u', kind: 'text', description: 'Name to log in with', group },
  {
    name: 'password',
    alias: 'p',
    kind: 'text',
    description: 'Password; whoever can list processes can read it here',
    group,
  },
  { name: 'password-stdin', kind: 'boolean', description: 'Read the password from standard input', group },
]

/** "hearth-executor login": notes a login where builds look for it, and asks no registry. */
export const loginCommand: Subcommand = {
  name: 'login',
  summary: 'Writes a registry login into $DOCKER_CONFIG/config.json, for the builds that follow.',
  takes: ['<registry>'],
  flags,
  run: login,
}

async function login({ values, positionals, log, program }: SubcommandCall): Promise<number> {
  const [registry = ''] = positionals
  if (!/^[a-z0-9.-]+(?::\d+)?$/i.test(registry)) {
    throw wrongUsage(`"${registry}" is not a registry`, 'Write it as host or host:port, without a scheme or a path.')
  }
  const username = values.optional('username')
  if (username === undefined) throw wrongUsage('login needs --username')
  if (username.includes(':')) throw wrongUsage('--username must not hold a colon')
  const password = await passwordOf(values.optional('password'), values.boolean('password-stdin'), program.stdin)
  if (values.isGiven('password')) log.warn('--password can be read by whoever lists processes: use --password-stdin')
  const path = readEnvironment(program.env, program.cwd).dockerConfigPath
  const { text, shadowedBy } = withLogin(textAt(path), path, { registry, username, password })
  writePrivately(path, text)
  log.info(`The login for ${registry} is in ${path}`)
  if (shadowedBy !== undefined) log.warn(`The credential helper "${shadowedBy}" named there is asked first`)
  return 0
}

async function passwordOf(given: string | undefined, fromStdin: boolean, stdin: StandardInput): Promise<string> {
  if (given !== undefined && fromStdin) throw wrongUsage('--password and --password-stdin cannot be used together')
  if (given !== undefined) return given
  if (!fromStdin) throw wrongUsage('login needs --password-stdin or --password')
  const text = (await collect(stdin.open(), maxPasswordSize)).toString('utf8').replace(/\r?\n$/, '')
  if (text === '') throw wrongUsage('--password-stdin: standard input is empty')
  return text
}

/** In bytes. */
const maxPasswordSize = 1 << 20

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined
    throw diskError(error, dirname(path))
  }
}

/** Replaces the file as a whole; only its owner may read it. */
function writePrivately(path: string, text: string): void {
  const temporary = join(dirname(path), `.${randomBytes(12).toString('hex')}.tmp`)
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx', flush: true })
    chmodSync(temporary, 0o600)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw diskError(error, dirname(path))
  }
}
