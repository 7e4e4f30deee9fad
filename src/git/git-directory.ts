import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GitAddress, shownAddress } from './address.ts'
import type { CheckedOut } from './checkout.ts'
import type { Commit } from './objects.ts'
import type { Pack } from './pack.ts'
import { packIndex } from './pack-index.ts'
import type { Shallow } from './receive-pack.ts'
import { stagingIndex } from './staging-index.ts'

export interface GitDirectoryOptions {
  /** Existing; gets a ".git". */
  readonly directory: string
  readonly address: GitAddress
  readonly commit: Commit
  /** A tag or commit. */
  readonly object: string
  /** The full name of the revision, if it has one. */
  readonly name?: string | undefined
  readonly pack: Pack
  /** The file of the pack, which moves. */
  readonly packFile: string
  readonly shallow: Shallow
  readonly files: readonly CheckedOut[]
}

/** Writes the directory that makes what was checked out a repository of git's. It holds no credentials. */
export function writeGitDirectory(options: GitDirectoryOptions): void {
  const { directory, address, commit, object, name, pack, packFile, shallow, files } = options
  const top = join(directory, '.git')
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(join(top, path, '..'), { recursive: true })
    writeFileSync(join(top, path), content)
  }
  for (const path of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags']) {
    mkdirSync(join(top, path), { recursive: true })
  }
  const isNamed = name !== undefined && /^refs\/(?:heads|tags)\/(?!.*\.\.)/.test(name)
  if (isNamed) write(name, `${object}\n`)
  write('HEAD', isNamed && name.startsWith('refs/heads/') ? `ref: ${name}\n` : `${commit.name}\n`)
  write('config', configuration(shownAddress(address)))
  if (shallow.length > 0) write('shallow', shallow.map((line) => `${line}\n`).join(''))
  const { index, checksum } = packIndex(pack)
  const stem = join(top, 'objects/pack', `pack-${checksum}`)
  writeFileSync(`${stem}.idx`, index, { mode: 0o444 })
  renameSync(packFile, `${stem}.pack`)
  chmodSync(`${stem}.pack`, 0o444)
  write('index', stagingIndex(files))
}

function configuration(url: string): string {
  const quoted = url.replace(/["\\]/g, '\\$&')
  return [
    ...['[core]', '\trepositoryformatversion = 0', '\tfilemode = true', '\tbare = false', '\tlogallrefupdates = true'],
    ...['[remote "origin"]', `\turl = "${quoted}"`, '\tfetch = +refs/heads/*:refs/remotes/origin/*', ''],
  ].join('\n')
}
