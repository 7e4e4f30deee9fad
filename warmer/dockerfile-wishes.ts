import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { findDockerfile } from '../src/context/find-dockerfile.ts'
import { readSteeringFile } from '../src/context/steering-file.ts'
import type { Dockerfile } from '../src/dockerfile/dockerfile.ts'
import { withExcerpt } from '../src/dockerfile/excerpt.ts'
import { parseDockerfile } from '../src/dockerfile/parse.ts'
import { asHearthError, HearthError } from '../src/errors.ts'
import { combinationsFor, declaredArgs } from './build-arg-matrix.ts'
import { imagesOfDockerfile } from './dockerfile-images.ts'
import { findDockerfiles, maxScanDepth } from './find-dockerfiles.ts'
import { leadsToDirectory } from './leads-to-directory.ts'
import type { Refusal, WantedImage } from './wanted-image.ts'
import type { Wanted, Wishes } from './wanted-images.ts'

/** Gives the text of a Dockerfile on the web. */
export type Download = (url: URL) => Promise<string>

type DockerfileWishes = Pick<Wishes, 'dockerfiles' | 'buildArgs' | 'matrix' | 'platforms' | 'buildPlatform' | 'cwd'>

/** What Dockerfiles, and those found in directories, are built upon: for every platform and combination of arguments. */
export async function imagesOfDockerfiles(wishes: DockerfileWishes, download: Download): Promise<Wanted> {
  const { dockerfiles, cwd } = wishes
  const reading = new Reading(wishes)
  for (const given of dockerfiles) {
    const url = webAddress(given)
    if (url !== undefined) await reading.download(url, download)
    else if (leadsToDirectory(resolve(cwd, given))) reading.readBelow(given)
    else reading.read(given, () => findDockerfile({ dockerfile: given, cwd, directory: cwd }).text)
  }
  return reading.wanted()
}

function webAddress(given: string): URL | undefined {
  return /^https?:\/\//i.test(given) ? (URL.parse(given) ?? undefined) : undefined
}

class Reading {
  readonly #wishes: DockerfileWishes
  readonly #images: WantedImage[] = []
  readonly #refused: Refusal[] = []
  readonly #warnings: string[] = []
  /** Arguments that some Dockerfile declares before its first FROM. */
  readonly #declared = new Set<string>()
  /** Files found in directories, by where they really are. */
  readonly #seen = new Set<string>()

  constructor(wishes: DockerfileWishes) {
    this.#wishes = wishes
  }

  wanted(): Wanted {
    const unknown = [...this.#wishes.matrix.keys()].filter((name) => !this.#declared.has(name))
    const warnings = unknown.map((name) => {
      return `--build-arg-matrix ${name} makes no difference: no Dockerfile has an ARG ${name} before its first FROM`
    })
    return { images: this.#images, refused: this.#refused, warnings: [...this.#warnings, ...warnings] }
  }

  async download(url: URL, download: Download): Promise<void> {
    // What stands in the address besides may be secret.
    const name = `${url.origin}${url.pathname}`
    try {
      const text = await download(url)
      this.read(name, () => text)
    } catch (error) {
      this.#refuse(name, asHearthError(error))
    }
  }

  readBelow(given: string): void {
    const directory = resolve(this.#wishes.cwd, given)
    const { paths, failures, tooDeep } = findDockerfiles(directory)
    const shown = (path: string): string => given.replace(/\/+$/, '') + path.slice(directory.length)
    if (paths.length === 0 && failures.length === 0) this.#refuse(given, noneIn(given))
    for (const error of failures) this.#refuse(error.where ?? given, error)
    for (const path of tooDeep) {
      this.#warnings.push(`${shown(path)} is not looked into: it lies more than ${maxScanDepth} levels deep`)
    }
    for (const path of paths) if (this.#isNew(path)) this.read(shown(path), () => textWithin(path, directory))
  }

  read(name: string, text: () => string): void {
    let dockerfile: Dockerfile
    try {
      dockerfile = parseDockerfile(text(), { name })
    } catch (error) {
      this.#refuse(name, asHearthError(error))
      return
    }
    for (const arg of declaredArgs(dockerfile)) this.#declared.add(arg)
    this.#outline(dockerfile)
  }

  #outline(dockerfile: Dockerfile): void {
    const { buildArgs: common, matrix, platforms, buildPlatform } = this.#wishes
    const { name } = dockerfile
    const failures = new Map<string, HearthError>()
    let isBuiltUponNothing = true
    for (const buildArgs of combinationsFor(dockerfile, common, matrix)) {
      for (const platform of platforms) {
        try {
          const images = imagesOfDockerfile(dockerfile, { buildArgs, platform, buildPlatform })
          for (const image of images) this.#images.push({ ...image, wantedBy: [name] })
          if (images.length > 0) isBuiltUponNothing = false
        } catch (error) {
          const known = withExcerpt(asHearthError(error), dockerfile) as HearthError
          failures.set(`${known.where} ${known.message}`, known)
        }
      }
    }
    // What is wrong with it in one way is as a rule wrong in all.
    for (const error of failures.values()) this.#refuse(name, error)
    if (isBuiltUponNothing && failures.size === 0) {
      this.#warnings.push(`${name} is built upon no image that could be warmed`)
    }
  }

  #isNew(path: string): boolean {
    const real = realPathOf(path)
    const isNew = !this.#seen.has(real)
    this.#seen.add(real)
    return isNew
  }

  #refuse(text: string, error: HearthError): void {
    this.#refused.push({ text, error: error.at(text) })
  }
}

/** The path itself where it leads nowhere: reading it says so. */
function realPathOf(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    return path
  }
}

function textWithin(path: string, directory: string): string {
  const outcome = readSteeringFile(path, directory)
  if (outcome.kind === 'text') return outcome.text
  throw new HearthError({
    code: 'dockerfile-missing',
    message: `The Dockerfile ${path} cannot be used`,
    why: outcome.kind === 'missing' ? 'it leads nowhere' : outcome.why,
  })
}

function noneIn(directory: string): HearthError {
  return new HearthError({
    code: 'dockerfile-missing',
    message: `There is no Dockerfile in the directory ${directory}`,
    why: 'files are known by the names Dockerfile, Dockerfile.*, *.Dockerfile, Containerfile',
    fix: 'Give --dockerfile the path of a file with another name.',
  })
}
