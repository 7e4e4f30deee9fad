import { join } from 'node:path'
import { test } from 'node:test'
import { onMachine } from './machine.ts'

const program = join(import.meta.dirname, 'children/apply-in-place.ts')

const scenes: Readonly<Record<string, string>> = {
  covered: 'what a layer has at ignored paths is passed over, and the rest is put around them',
  whiteouts: 'whiteouts and opaque directories remove everything but what is ignored',
  symlinks: 'nothing is written or removed through symlinks that lead into ignored paths, and one warning says so',
  hardlinks: 'no link is made to what is ignored, and the file that it should replace is gone',
  stays: 'a directory that holds a mount stays a directory, emptied of the rest, with one warning',
  moves: 'a directory that holds a mount makes way for a symlink, and the mount goes where that leads',
  movesBack: 'what has made way goes back, whatever has come of the symlink',
  cannotMove: 'a directory that cannot make way stays, and all that is in it',
  unannounced: 'a mount that nobody has named is neither written into nor removed',
  archives: 'an archive is unpacked around ignored paths, and not at all into one of them',
}

for (const [scene, what] of Object.entries(scenes)) {
  test(what, async (t) => {
    await onMachine(t, program, scene)
  })
}
