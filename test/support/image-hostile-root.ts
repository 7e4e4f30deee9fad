import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { debianImage } from './bases.ts'
import { type CommandResult, run, tryRun } from './command.ts'
import { unpackLayout } from './image-bases.ts'

/** The ways a root filesystem can get code of its own into a program that starts in it, or that asks for a name. */
export const traps = ['preload', 'cache', 'names', 'openssl', 'characters'] as const
export type Trap = (typeof traps)[number]

/** Where in the hostile root a Node lies that is as its makers built it. */
export const plainNode = '/plain/node'

/**
 * Makes a Debian in which every trap is set: libraries that print "TRAP name" as soon as they are loaded. `image` is
 * copied into it, as the image's own files are still there when a base is unpacked over them.
 */
export async function makeHostileRoot(root: string, image: string): Promise<void> {
  mkdirSync(root)
  await unpackLayout(debianImage(), root)
  cpSync(image, root, { recursive: true })
  mkdirSync(join(root, 'plain'))
  copyFileSync(process.execPath, join(root, plainNode))
  mkdirSync(join(root, 'trap'))
  for (const directory of ['proc', 'dev', 'sys']) mkdirSync(join(root, directory), { recursive: true })
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n')
  const libraries = join(root, 'usr/lib', (await run('gcc', ['-print-multiarch'])).trim())
  await setCacheTrap(root)
  await setCharacterTrap(root, libraries)
  // The last: from here on every program of the root is in them.
  await setPlainTraps(root, libraries)
}

/** Sets the traps that are only files, below any directory: with it laid over a root, they are in that. */
export async function setPlainTraps(root: string, libraries: string): Promise<void> {
  for (const directory of ['etc', 'trap', libraries.slice(root.length)]) {
    mkdirSync(join(root, directory), { recursive: true })
  }
  await setNameTrap(root, libraries)
  await setOpensslTrap(root)
  await compileTrap('preload', join(root, 'trap/preload.so'))
  writeFileSync(join(root, 'etc/ld.so.preload'), '/trap/preload.so\n')
}

/** Runs a program in a root, with a /proc and a /dev of its own and without a network. */
export function runInRoot(
  root: string,
  argv: readonly string[],
  wrapper: readonly string[] = [],
): Promise<CommandResult> {
  const script = [
    'set -eu',
    'cd "$0"',
    'mount -t proc proc proc',
    'mount -t tmpfs tmpfs dev',
    'mknod -m 666 dev/null c 1 3',
    'mknod -m 666 dev/urandom c 1 9',
    'exec "$@"',
  ].join('\n')
  const inside = [...wrapper, 'chroot', root, ...argv]
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', TZ: 'UTC' }
  return tryRun('unshare', ['--mount', '--net', '--propagation', 'private', 'sh', '-c', script, root, ...inside], {
    env,
  })
}

/** Node needs this library; the loader's cache names another before the real one. */
async function setCacheTrap(root: string): Promise<void> {
  const directory = join(root, 'trap/cached')
  mkdirSync(directory)
  const versions = join(root, 'trap/versions')
  writeFileSync(versions, 'GLIBC_2.2.5 {};\nGLIBC_2.17 {};\n')
  const flags = ['-Wl,-soname,libdl.so.2', `-Wl,--version-script,${versions}`]
  await compileTrap('cache', join(directory, 'libdl.so.2'), flags)
  writeFileSync(join(root, 'etc/ld.so.conf'), '/trap/cached\n')
  await run('chroot', [root, '/sbin/ldconfig'])
}

async function setNameTrap(root: string, libraries: string): Promise<void> {
  await compileTrap('names', join(libraries, 'libnss_trap.so.2'))
  writeFileSync(join(root, 'etc/nsswitch.conf'), 'passwd: trap files\nhosts: trap files dns\n')
}

async function setOpensslTrap(root: string): Promise<void> {
  await compileTrap('openssl', join(root, 'trap/provider.so'))
  mkdirSync(join(root, 'etc/ssl'), { recursive: true })
  const lines = [
    'nodejs_conf = node',
    'openssl_conf = node',
    '[node]',
    'providers = list',
    '[list]',
    'default = default_section',
    'trap = trap_section',
    '[default_section]',
    'activate = 1',
    '[trap_section]',
    'module = /trap/provider.so',
    'activate = 1',
  ]
  writeFileSync(join(root, 'etc/ssl/openssl.cnf'), `${lines.join('\n')}\n`)
}

async function setCharacterTrap(root: string, libraries: string): Promise<void> {
  const directory = join(libraries, 'gconv')
  await compileTrap('characters', join(directory, 'TRAP.so'))
  rmSync(join(directory, 'gconv-modules.cache'), { force: true })
  appendFileSync(join(directory, 'gconv-modules'), 'module TRAP// INTERNAL TRAP 1\nmodule INTERNAL TRAP// TRAP 1\n')
  const locales = join(root, 'usr/lib/locale')
  const [known] = existsSync(locales) ? readdirSync(locales) : []
  if (known !== undefined) cpSync(join(locales, known), join(locales, 'trap'), { recursive: true })
}

/** A library whose only code prints as it is loaded. It needs no other, so that it can be loaded anywhere. */
async function compileTrap(name: Trap, output: string, flags: readonly string[] = []): Promise<void> {
  const text = `TRAP ${name}\\n`
  const source = [
    '#include <unistd.h>',
    '__attribute__((constructor)) static void spring(void) {',
    `  if (write(2, "${text}", sizeof("${text}") - 1) < 0) return;`,
    '}',
    // What a converter of characters must have, and must refuse.
    'int gconv(void) { return 1; }',
    'int gconv_init(void) { return 1; }',
  ]
  const argv = ['-x', 'c', '-shared', '-fPIC', ...flags, '-o', output, '-']
  await run('gcc', argv, { input: `${source.join('\n')}\n` })
}
