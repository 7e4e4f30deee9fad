import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianMirror, debianSuite, testCacheDirectory } from './debian-base.ts'
import { removeDirectory } from './temp.ts'

export interface ArchivedPackages {
  /** What is kept of them in the cache is called so. */
  readonly title: string
  readonly names: readonly string[]
  /** Where newer ones are than in Debian 12 itself. */
  readonly suite?: string
}

/** A directory with the files of Debian packages, unpacked. Nothing is installed on the machine. Made once and kept. */
export function unpackedPackages(packages: ArchivedPackages): string {
  return kept(`${packages.title}-unpacked`, (directory) => {
    for (const path of globSync('*.deb', { cwd: downloadedPackages(packages) })) {
      execFileSync('dpkg-deb', ['--extract', join(downloadedPackages(packages), path), directory])
    }
  })
}

/** A directory with Debian packages as files, "hello_2.10-3_amd64.deb". Made once and kept. */
export function downloadedPackages({ title, names, suite = debianSuite }: ArchivedPackages): string {
  return kept(title, (directory) => {
    const apt = mkdtempSync(join(testCacheDirectory(), '.apt-'))
    try {
      const options = ownState(apt, [...new Set([debianSuite, suite])])
      const get = (...args: string[]): void => {
        execFileSync('apt-get', ['-q', ...options, ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] })
      }
      get('update')
      get('download', ...names.map((name) => `${name}/${suite}`))
    } finally {
      removeDirectory(apt)
    }
  })
}

/** For apt: lists and caches of its own, so that the machine's stay as they are. */
function ownState(directory: string, suites: readonly string[]): readonly string[] {
  const lists = join(directory, 'lists')
  mkdirSync(join(lists, 'partial'), { recursive: true })
  const sources = join(directory, 'sources.list')
  const key = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(sources, suites.map((suite) => `deb [signed-by=${key}] ${debianMirror()} ${suite} main\n`).join(''))
  const settings = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': lists,
    'Dir::Cache': directory,
    'APT::Sandbox::User': 'root',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

function kept(title: string, make: (directory: string) => void): string {
  const place = join(testCacheDirectory(), title)
  if (existsSync(place)) return place
  mkdirSync(testCacheDirectory(), { recursive: true })
  const work = mkdtempSync(join(testCacheDirectory(), '.making-'))
  try {
    const directory = join(work, 'files')
    mkdirSync(directory)
    make(directory)
    if (!existsSync(place)) renameSync(directory, place)
    return place
  } finally {
    removeDirectory(work)
  }
}
