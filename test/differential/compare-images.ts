import { createHash } from 'node:crypto'
import {
  compareTrees,
  type ImageConfiguration,
  type ImageContents,
  type ImageTree,
  type TreeFile,
} from '../support/image-tree.ts'
import type { Expectation, ExpectedFile } from './case.ts'
import { compareConfigs } from './compare-config.ts'

/** Differences between two images of one Dockerfile, one line each: configuration, shape of the history, files. */
export function compareImages(left: ImageContents, right: ImageContents): readonly string[] {
  const [a, b] = [historyShape(left.config), historyShape(right.config)]
  return [
    ...compareConfigs(left.config, right.config),
    ...(a === b ? [] : [`History: ${a} | ${b}`]),
    ...compareTrees(settled(left.tree), settled(right.tree), { times: true }),
  ]
}

/**
 * One letter for each entry: "L" with a layer, "-" without, "w" for WORKDIR, whose directory buildah makes when something
 * runs in it. What else an entry says is every builder's own.
 */
function historyShape({ history }: ImageConfiguration): string {
  return (history ?? [])
    .map((entry) => {
      if (/^(?:.*#\(nop\) )?WORKDIR/.test(entry.created_by ?? '')) return 'w'
      return entry.empty_layer === true ? '-' : 'L'
    })
    .join('')
}

/** The times that are defined: what was made during the build is "new", and directories differ with every builder. */
function settled(tree: ImageTree): ImageTree {
  return new Map([...tree].map(([path, file]) => [path, { ...file, mtime: settledTime(file) }]))
}

function settledTime({ type, mtime }: TreeFile): string {
  if (type === 'directory') return 'a directory'
  return Number(mtime) > newerThanContexts ? 'new' : mtime
}

/** Contexts are older: `prepareCase` sees to it. */
const newerThanContexts = 1_650_000_000

/** Where an image is not what is expected, one line each. */
export function unexpected(image: ImageContents, expected: Expectation): readonly string[] {
  const { config, author, files, history } = expected
  const lines: string[] = []
  const check = (what: string, is: unknown, shall: unknown): void => {
    const [shown, wanted] = [JSON.stringify(is), JSON.stringify(shall)]
    if (shown !== wanted) lines.push(`${what}: ${shown}, not ${wanted}`)
  }
  for (const [name, value] of Object.entries(config ?? {})) check(name, image.config.config[name], value)
  if (author !== undefined) check('author', image.config.author, author)
  for (const [path, file] of Object.entries(files ?? {})) {
    const { is, shall } = fileAt(image.tree.get(path), file)
    check(`/${path}`, is, shall)
  }
  if (history !== undefined) check('history', historyEnd(image.config, history.length), history)
  return lines
}

function fileAt(
  found: TreeFile | undefined,
  expected: ExpectedFile | string | null,
): { readonly is: unknown; readonly shall: unknown } {
  if (expected === null || found === undefined) return { is: found, shall: expected ?? undefined }
  const { text, ...fields } = typeof expected === 'string' ? { text: expected } : expected
  const shall = { ...fields, ...(text === undefined ? {} : { sha256: sha256Of(text) }) }
  return { is: Object.fromEntries(Object.keys(shall).map((name) => [name, found[name as keyof TreeFile]])), shall }
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function historyEnd({ history }: ImageConfiguration, count: number): readonly string[] {
  return (history ?? [])
    .slice(-count)
    .map((entry) => `${entry.empty_layer === true ? 'empty' : 'layer'}: ${entry.created_by}`)
}
