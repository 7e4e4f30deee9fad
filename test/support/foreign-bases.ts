import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { busyboxConfig } from '../../examples/quickstart/busybox-root.ts'
import { writeImageLayout } from '../../examples/quickstart/image-layout.ts'
import type { LayoutImage } from './bases.ts'
import { run } from './command.ts'
import { debianMirror, testCacheDirectory } from './debian-base.ts'
import { removeDirectory } from './temp.ts'

/** Small systems with a C library of their own: Debian's libc of several releases under its busybox, and musl. */
export const foreignBases = {
  older: { suite: 'bullseye', merged: false },
  same: { suite: 'bookworm', merged: true },
  newer: { suite: 'trixie', merged: true },
} as const

export type ForeignBase = keyof typeof foreignBases | 'musl'

/** The base images, "older:1" and so on; made once and kept with the others. In that of musl is nothing but /bin/say. */
export async function foreignBaseImages(): Promise<readonly LayoutImage[]> {
  const names = [...(Object.keys(foreignBases) as (keyof typeof foreignBases)[]), 'musl'] as const
  const images: LayoutImage[] = []
  for (const name of names) images.push({ layout: await kept(name), name: `${name}:1` })
  return images
}

async function kept(name: ForeignBase): Promise<string> {
  const layout = join(testCacheDirectory(), `foreign-${name}-${process.arch}-1`)
  if (existsSync(layout)) return layout
  const work = mkdtempSync(join(testCacheDirectory(), '.making-'))
  try {
    const rootfs = join(work, 'rootfs')
    mkdirSync(rootfs)
    if (name === 'musl') await fillMusl(rootfs)
    else await fillDebian(rootfs, name)
    await writeImageLayout({ rootfs, layout: join(work, 'layout'), name: `${name}:1`, config: busyboxConfig })
    if (!existsSync(layout)) renameSync(join(work, 'layout'), layout)
  } finally {
    removeDirectory(work)
  }
  return layout
}

/** The machine's musl, and a program that writes a line into the file it is given. */
async function fillMusl(root: string): Promise<void> {
  for (const directory of ['bin', 'etc', 'lib', 'tmp']) mkdirSync(join(root, directory))
  const source =
    '#include <stdio.h>\nint main(int n, char **a) { return fputs("of musl\\n", fopen(a[n - 1], "w")) < 0; }\n'
  await run('musl-gcc', ['-x', 'c', '-o', join(root, 'bin/say'), '-'], { input: source })
  for (const loader of globSync('/lib/ld-musl-*.so.1')) await run('cp', ['-L', loader, join(root, 'lib')])
}

async function fillDebian(root: string, base: keyof typeof foreignBases): Promise<void> {
  const { suite, merged } = foreignBases[base]
  for (const directory of ['etc', 'tmp', 'proc', 'bin', 'sbin', 'lib', 'lib64', 'usr/bin', 'usr/sbin', 'usr/lib']) {
    mkdirSync(join(root, directory), { recursive: true })
  }
  const downloads = await download(suite, ['libc6', 'busybox'], join(root, '..'))
  for (const file of downloads) await run('dpkg-deb', ['--extract', file, root])
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n')
  if (merged) for (const name of ['bin', 'sbin', 'lib', 'lib64']) await merge(root, name)
  await run('chroot', [root, '/bin/busybox', '--install', '-s'])
  rmSync(join(root, 'usr/share'), { recursive: true, force: true })
}

/** Makes a top directory a link to the one of that name in /usr, as releases have it since they are usrmerged. */
async function merge(root: string, name: string): Promise<void> {
  mkdirSync(join(root, 'usr', name), { recursive: true })
  await run('cp', ['-a', `${join(root, name)}/.`, join(root, 'usr', name)])
  removeDirectory(join(root, name))
  symlinkSync(`usr/${name}`, join(root, name))
}

/** Downloads packages of a release without touching what the machine's own apt knows; gives their paths. */
async function download(suite: string, packages: readonly string[], directory: string): Promise<readonly string[]> {
  const apt = join(directory, 'apt')
  for (const name of ['lists/partial', 'archives/partial', 'packages']) mkdirSync(join(apt, name), { recursive: true })
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(join(apt, 'sources.list'), `deb [signed-by=${keys}] ${debianMirror()} ${suite} main\n`)
  writeFileSync(join(apt, 'status'), '')
  const settings = {
    'Dir::Etc::sourcelist': join(apt, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::State::status': join(apt, 'status'),
    'Dir::Cache::archives': join(apt, 'archives'),
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root',
  }
  const flags = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])
  await run('apt-get', ['-q', ...flags, 'update'])
  await run('apt-get', ['-q', ...flags, 'download', ...packages], { cwd: join(apt, 'packages') })
  return globSync('*.deb', { cwd: join(apt, 'packages') }).map((name) => join(apt, 'packages', name))
}
