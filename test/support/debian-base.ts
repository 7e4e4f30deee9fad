import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { writeImageLayout } from '../../examples/quickstart/image-layout.ts'
import { removeDirectory } from './temp.ts'

export const debianSuite = 'bookworm'

/** Where test runs keep what takes long to make: $HEARTH_TEST_CACHE, or a directory of the system's cache. */
export function testCacheDirectory(): string {
  return process.env.HEARTH_TEST_CACHE ?? '/var/cache/hearth-test'
}

/** The OCI layout of a minimal Debian, one image named "debian:12"; there once set-up has run. */
export function debianLayoutPath(): string {
  return join(testCacheDirectory(), `debian-${debianSuite}-${process.arch}-1`)
}

/** Makes the Debian layout with debootstrap, from the mirror apt uses. Appears at once, complete. */
export async function makeDebianLayout(): Promise<void> {
  const cache = testCacheDirectory()
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, '.making-'))
  try {
    const root = join(work, 'rootfs')
    bootstrap(root)
    for (const leftover of ['var/cache/apt', 'var/lib/apt/lists', 'var/log']) emptied(join(root, leftover))
    const layout = join(work, 'layout')
    const config = { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['bash'] }
    await writeImageLayout({ rootfs: root, layout, name: 'debian:12', config })
    if (!existsSync(debianLayoutPath())) renameSync(layout, debianLayoutPath())
  } finally {
    removeDirectory(work)
  }
}

/** Runs in a mount namespace of its own: what debootstrap mounts can neither leak nor be removed. */
function bootstrap(root: string): void {
  const debootstrap = ['debootstrap', '--variant=minbase', debianSuite, root, debianMirror()]
  execFileSync('unshare', ['--mount', '--propagation', 'private', ...debootstrap], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** The first mirror in apt's own sources that has the suite's main component. */
export function debianMirror(): string {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)'
  const targets = execFileSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  })
  for (const line of targets.split('\n')) {
    const [uri, release, component] = line.split(' ')
    if (uri !== undefined && release === debianSuite && component === 'main') return uri
  }
  throw new Error(`apt's sources name no mirror for ${debianSuite} main; add one to /etc/apt/sources.list.d`)
}

function emptied(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
}
