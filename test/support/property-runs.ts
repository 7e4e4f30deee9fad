/** How many random inputs a property is held to, and what they are made from. */
export interface PropertyRuns {
  readonly numRuns: number
  readonly seed: number
}

/**
 * A few runs of a fixed seed in every test run. HEARTH_TEST_RUNS asks for more, with a new seed; HEARTH_TEST_SEED for
 * those of a seed that was printed.
 */
export function propertyRuns(t: { diagnostic(text: string): void }, few: number): PropertyRuns {
  const { HEARTH_TEST_RUNS: runs, HEARTH_TEST_SEED: given } = process.env
  const fresh = runs === undefined ? 20_260_301 : Date.now() % 2 ** 31
  const chosen = { numRuns: Number(runs ?? few), seed: Number(given ?? fresh) }
  t.diagnostic(`${chosen.numRuns} runs, HEARTH_TEST_SEED=${chosen.seed}`)
  return chosen
}
