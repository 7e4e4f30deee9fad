import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { editsOf, nodePath } from './image-trees.ts'
import { checkOwnLoader } from './interpreter.ts'
import type { Pieces } from './pieces.ts'
import { libraryDirectory, loaderPath, nodeEdits } from './private-paths.ts'
import { checkTexts } from './text-edit.ts'

/** Reads the adapted files of a written base tree again. Throws unless they hold every edit. */
export function checkBase(root: string, { machine, libraries }: Pieces): void {
  const read = (path: string): Buffer => readFileSync(join(root, path))
  checkOwnLoader(nodePath, read(nodePath))
  checkTexts(nodePath, read(nodePath), nodeEdits)
  for (const { soname } of libraries) {
    const path = soname === machine.loader ? loaderPath : `${libraryDirectory}/${soname}`
    checkTexts(path, read(path), editsOf(soname, machine))
  }
}
