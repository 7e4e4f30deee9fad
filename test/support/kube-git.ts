import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeImageLayout } from '../../examples/quickstart/image-layout.ts'
import type { LayoutImage } from './bases.ts'
import { run } from './command.ts'
import { freePort, isListening } from './ports.ts'
import type { Lifetime } from './temp.ts'

/** An image like alpine/git: the machine's git and its libraries, started with git's arguments. */
export async function gitImage(directory: string): Promise<LayoutImage> {
  const own = mkdtempSync(join(directory, 'git-'))
  const rootfs = join(own, 'rootfs')
  const libraries = (await run('ldd', ['/usr/bin/git'])).match(/\/\S+/g) ?? []
  for (const path of ['/usr/bin/git', ...libraries]) {
    mkdirSync(join(rootfs, dirname(path)), { recursive: true })
    copyFileSync(path, join(rootfs, path))
  }
  mkdirSync(join(rootfs, 'tmp'), { mode: 0o777 })
  const layout = join(own, 'layout')
  const config = { Env: ['PATH=/usr/bin', 'HOME=/tmp'], Entrypoint: ['git'] }
  await writeImageLayout({ rootfs, layout, name: 'git:1', config })
  return { layout, name: 'git:1' }
}

/** Makes a git repository of a directory and serves it on loopback; gives the port. Its address is git://host:port/app.git. */
export async function serveRepository(files: string, owner: Lifetime): Promise<number> {
  const root = mkdtempSync(join(dirname(files), 'repositories-'))
  const repository = join(root, 'app.git')
  const git = (...args: string[]): void => {
    const form = ['-c', 'user.name=test', '-c', 'user.email=test@git.example', '--git-dir', repository]
    execFileSync('git', [...form, '--work-tree', files, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  }
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', repository])
  git('add', '.')
  git('commit', '--quiet', '--message', 'all of it')
  const port = await freePort()
  const form = ['--reuseaddr', '--export-all', `--base-path=${root}`, '--listen=127.0.0.1', `--port=${port}`]
  const daemon = spawn('git', ['daemon', ...form, root], { stdio: 'ignore', detached: true })
  // The daemon is a child of git's, so the whole group is ended.
  owner.after(() => void process.kill(-daemon.pid!, 'SIGKILL'))
  while (!(await isListening(port))) await sleep(20)
  return port
}
