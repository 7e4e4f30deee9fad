import type { Dockerfile } from '../src/dockerfile/dockerfile.ts'

/** Values to warm for, by the name of the argument. */
export type BuildArgMatrix = ReadonlyMap<string, readonly string[]>

type BuildArgs = Readonly<Record<string, string>>

/** The most combinations that are tried of a matrix. */
export const maxCombinations = 1024

/** How many combinations a matrix makes. */
export function combinationCount(matrix: BuildArgMatrix): number {
  return [...matrix.values()].reduce((product, values) => product * values.length, 1)
}

/**
 * The build arguments to look at a Dockerfile with: each value of the one with each value of the other. Arguments that no
 * FROM can see, because the Dockerfile does not declare them first, make no difference and are left out.
 */
export function combinationsFor(
  dockerfile: Dockerfile,
  common: BuildArgs,
  matrix: BuildArgMatrix,
): readonly BuildArgs[] {
  const seen = new Set([...declaredArgs(dockerfile), ...predefined])
  let combinations: readonly BuildArgs[] = [common]
  for (const [name, values] of matrix) {
    if (!seen.has(name)) continue
    combinations = combinations.flatMap((args) => values.map((value) => ({ ...args, [name]: value })))
  }
  return combinations
}

/** Names of the arguments that are declared before the first FROM. */
export function declaredArgs(dockerfile: Dockerfile): readonly string[] {
  return dockerfile.metaArgs.flatMap(({ args }) => args.map(([name]) => name))
}

const predefined = ['TARGET', 'BUILD'].flatMap((prefix) => {
  return ['PLATFORM', 'OS', 'ARCH', 'VARIANT'].map((suffix) => prefix + suffix)
})
