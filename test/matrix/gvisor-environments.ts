import { chmodSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { LayoutImage } from '../support/bases.ts'
import { gvisor } from '../support/gvisor.ts'
import { dockerCapabilities, type Environment, executorArguments, inContainer } from './environments.ts'

/** hearth's image with gVisor's kernel, on each of its platforms. */
export async function gvisorEnvironments(directory: string, executor: LayoutImage): Promise<readonly Environment[]> {
  const machine = await gvisor(directory, executor)
  return (['systrap', 'ptrace'] as const).map((platform) => ({
    title: `gVisor, ${platform}`,
    build: ({ context, cache, out }) => {
      const work = mkdtempSync(join(directory, 'work-'))
      chmodSync(work, 0o777)
      const mounts = [
        { source: context, target: inContainer.context, readOnly: true },
        { source: cache, target: inContainer.cache, readOnly: true },
        { source: out, target: inContainer.out },
        { source: work, target: '/kaniko/work' },
      ]
      return machine.run({ args: executorArguments(inContainer), mounts, capabilities: dockerCapabilities, platform })
    },
  }))
}
