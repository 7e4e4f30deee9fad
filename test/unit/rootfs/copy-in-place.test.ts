import { join } from 'node:path'
import { test } from 'node:test'
import { onMachine } from './machine.ts'

const program = join(import.meta.dirname, 'children/copy-in-place.ts')

const scenes: Readonly<Record<string, string>> = {
  files: 'no file is copied to an ignored path or through a symlink to one, and the error names it',
  inline: 'a file of the Dockerfile itself is refused there, too',
  trees: 'a tree is copied around ignored paths, and fails by name only for a file that is to go there',
  directories: 'directories are made next to ignored paths, not in them; those that exist may be asked for',
}

for (const [scene, what] of Object.entries(scenes)) {
  test(what, async (t) => {
    await onMachine(t, program, scene)
  })
}
