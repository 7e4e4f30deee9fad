import { join } from 'node:path'
import { test } from 'node:test'
import { onMachine } from '../rootfs/machine.ts'

const program = join(import.meta.dirname, 'children/walk-in-place.ts')

const scenes: Readonly<Record<string, string>> = {
  passesOver: 'what happens at ignored paths is not told, and what happens beside them is',
  mountedMeanwhile: 'what a mount hides has not gone, and what became of it is told once it can be seen again',
  asksEveryTime: 'ignored paths are asked for at every walk',
  refuses: 'a mount that is not ignored is refused, with its place',
  looksAtNothing: 'ignored paths are not even looked at',
}

for (const [scene, what] of Object.entries(scenes)) {
  test(what, async (t) => {
    await onMachine(t, program, scene)
  })
}

test('six stages in one root give the layers and files that each gives alone, and the machine keeps what it has', async (t) => {
  await onMachine(t, join(import.meta.dirname, 'children/build-in-place.ts'), 'sixStages')
})
