import { HearthError } from '../src/errors.ts'
import { type Platform, parsePlatform } from '../src/oci/platform.ts'
import { type NamedImage, parseImage, type Refusal } from './wanted-image.ts'

/** A line of a list of images. */
export interface ListedImage {
  readonly image: NamedImage
  /** Those the line names; none where the common ones are meant. */
  readonly platforms: readonly Platform[]
  /** Counted from 1. */
  readonly line: number
}

export interface ImageList {
  readonly images: readonly ListedImage[]
  readonly refused: readonly Refusal[]
}

/** The largest list that is read, in characters: some ten thousand images. */
const maxLength = 1 << 20

/** So many bad lines make it another kind of file. */
const maxBadLines = 20

/**
 * Parses a list of images: on each line a reference, or "oci:directory:name", and after white space the platforms to warm
 * it for, with commas between them. What follows a "#" at a line's beginning or after white space is a comment. A line
 * that makes no sense is refused, and the others count; a file that is no list at all is refused as a whole.
 */
export function parseImageList(text: string, file: string): ImageList {
  if (text.length > maxLength) return noList(file, `it has more than ${maxLength} characters`)
  const images: ListedImage[] = []
  const refused: Refusal[] = []
  for (const [i, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const content = raw.replace(/(?:^|\s)#.*$/, '').trim()
    if (content === '') continue
    try {
      images.push({ ...parseLine(content), line: i + 1 })
    } catch (error) {
      if (!(error instanceof HearthError)) throw error
      refused.push({ text: content, error: error.at(`${file}:${i + 1}`) })
    }
    if (refused.length > maxBadLines) return noList(file, `more than ${maxBadLines} of its lines name no image`)
  }
  return { images, refused }
}

function parseLine(content: string): Omit<ListedImage, 'line'> {
  const [name = '', platforms, ...more] = content.split(/\s+/)
  if (more.length > 0) {
    throw new HearthError({
      code: 'reference-invalid',
      message: `"${content}" is no line of a list of images`,
      fix: 'Write one image on each line, and its platforms after it: debian:12 linux/amd64,linux/arm64',
    })
  }
  return { image: parseImage(name), platforms: platforms === undefined ? [] : parsePlatformList(platforms) }
}

/** Parses "linux/amd64,linux/arm64". An architecture alone is not enough: it might be a mistaken word. */
export function parsePlatformList(text: string): readonly Platform[] {
  return text.split(',').map((one) => {
    if (one.includes('/')) return parsePlatform(one)
    throw new HearthError({
      code: 'platform-invalid',
      message: `"${one}" is not a platform`,
      fix: 'Write it as os/arch[/variant], for example linux/arm64.',
    })
  })
}

function noList(file: string, why: string): ImageList {
  const fix = 'Write one image on each line, with its platforms after it if they are not the common ones.'
  const message = `${file} is no list of images`
  return {
    images: [],
    refused: [{ text: file, error: new HearthError({ code: 'reference-invalid', message, why, fix }).at(file) }],
  }
}
