import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { debianImage } from './bases.ts'
import { type Podman, podman } from './containers.ts'
import { testCacheDirectory } from './debian-base.ts'
import { checkout } from './dist.ts'
import { nodeImage } from './image-bases.ts'
import { buildProjectImages, imageNames } from './image-builds.ts'
import { removeDirectory } from './temp.ts'

const kept = 3

/**
 * The OCI layout with the images of the project, named as in imageTargets. Made once for each state of the sources, and
 * kept with the bases; of older states a few stay.
 */
export async function projectImagesLayout(): Promise<string> {
  const cache = testCacheDirectory()
  mkdirSync(cache, { recursive: true })
  const layout = join(cache, `images-${await identityOfImages()}`)
  if (existsSync(layout)) return layout
  return await exclusively(join(cache, 'images.lock'), async () => {
    if (!existsSync(layout)) await makeLayout(cache, layout)
    return layout
  })
}

/** podman with the project's images, as localhost/executor and so on, and nothing else. */
export async function podmanWithImages(directory: string): Promise<Podman> {
  const layout = await projectImagesLayout()
  const container = podman(directory)
  for (const name of imageNames) {
    const id = await container.command(['pull', '--quiet', `oci:${layout}:${name}`])
    await container.command(['tag', id.trim(), `localhost/${name}`])
  }
  return container
}

async function makeLayout(cache: string, layout: string): Promise<void> {
  const work = mkdtempSync(join(cache, '.making-'))
  try {
    renameSync(await buildProjectImages(work), layout)
  } finally {
    removeDirectory(work)
  }
  const age = (path: string): number => -statSync(path).mtimeMs
  const layouts = globSync('images-*', { cwd: cache }).map((name) => join(cache, name))
  for (const old of layouts.sort((a, b) => age(a) - age(b)).slice(kept)) removeDirectory(old)
}

/** Everything the Dockerfiles copy, and what they build upon. */
async function identityOfImages(): Promise<string> {
  const patterns = ['{bin,cache,src,warmer}/**', 'package*.json', 'tsconfig*.json', '.npmrc', 'LICENSE', 'Dockerfile.*']
  const identity = createHash('sha256').update(`${(await nodeImage()).layout}\n${debianImage().layout}\n`)
  for (const path of globSync(patterns, { cwd: checkout }).sort()) {
    const file = join(checkout, path)
    if (statSync(file).isFile()) identity.update(`${path}\0${readFileSync(file, 'latin1')}\0`)
  }
  return identity.digest('hex').slice(0, 12)
}

/** Runs a task while nobody else holds the lock: a file with the id of a process. That of a process which is gone counts for nothing. */
async function exclusively<T>(lock: string, task: () => Promise<T>): Promise<T> {
  while (!(await taken(lock))) await sleep(200)
  try {
    return await task()
  } finally {
    rmSync(lock, { force: true })
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    const holder = existsSync(lock) ? readFileSync(lock, 'utf8') : ''
    if (holder !== '' && !existsSync(`/proc/${holder}`)) rmSync(lock, { force: true })
    return false
  }
}
