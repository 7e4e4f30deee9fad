import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { readSteeringFile } from '../src/context/steering-file.ts'
import { asHearthError, HearthError } from '../src/errors.ts'
import { type ListedImage, parseImageList } from './image-list.ts'
import { leadsToDirectory } from './leads-to-directory.ts'
import type { Refusal, WantedImage } from './wanted-image.ts'
import type { Wanted, Wishes } from './wanted-images.ts'

/**
 * Reads lists of images. Of a directory every file is one, as in a mounted ConfigMap, whose files are symlinks into a
 * directory "..data"; names that begin with a dot are passed over, and so are directories, with a warning.
 */
export function readImageLists({ lists, platforms, cwd }: Pick<Wishes, 'lists' | 'platforms' | 'cwd'>): Wanted {
  const images: WantedImage[] = []
  const refused: Refusal[] = []
  const warnings: string[] = []
  const read = (given: string, within?: string): void => {
    try {
      const list = parseImageList(textOf(resolve(cwd, given), within), given)
      for (const listed of list.images) images.push(...wantedBy(listed, { file: given, platforms }))
      refused.push(...list.refused)
    } catch (error) {
      refused.push({ text: given, error: asHearthError(error).at(given) })
    }
  }
  for (const list of lists) {
    const path = resolve(cwd, list)
    if (!leadsToDirectory(path)) read(list)
    else {
      for (const name of namesIn(path, refused)) {
        if (leadsToDirectory(join(path, name)))
          warnings.push(`${join(list, name)} is a directory, and no list of images`)
        else read(join(list, name), path)
      }
    }
  }
  return { images, refused, warnings }
}

interface Origin {
  readonly file: string
  readonly platforms: Wishes['platforms']
}

function wantedBy(listed: ListedImage, { file, platforms }: Origin): readonly WantedImage[] {
  const own = listed.platforms.length > 0 ? listed.platforms : platforms
  return own.map((platform) => ({ ...listed.image, platform, wantedBy: [`${file}:${listed.line}`] }))
}

function namesIn(path: string, refused: Refusal[]): readonly string[] {
  try {
    return readdirSync(path)
      .filter((name) => !name.startsWith('.'))
      .sort()
  } catch (error) {
    refused.push({ text: path, error: asHearthError(error).at(path) })
    return []
  }
}

function textOf(path: string, within: string | undefined): string {
  const outcome = readSteeringFile(path, within)
  if (outcome.kind === 'text') return outcome.text
  throw new HearthError({
    code: 'list-unreadable',
    message: `The list of images ${path} cannot be read`,
    why: outcome.kind === 'missing' ? 'it does not exist' : outcome.why,
    fix: 'Give --image-list a text file with an image on each line, or a directory of such files.',
  })
}
