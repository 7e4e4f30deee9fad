import type { Position } from '../../dockerfile/instruction.ts'
import type { Mark, Rule } from '../rule.ts'
import { keywordOf } from '../written.ts'

/** All keywords in capital letters, or all in small ones: whichever most are written in. */
export const consistentInstructionCasing: Rule = {
  name: 'ConsistentInstructionCasing',
  origin: 'buildkit',
  find({ dockerfile }) {
    const positions = dockerfile.stages.flatMap(({ from, instructions }): readonly Position[] => [
      from,
      ...instructions,
    ])
    const keywords = positions.map(keywordOf)
    const lower = keywords.filter((keyword) => keyword === keyword.toLowerCase()).length
    const upper = keywords.filter((keyword) => keyword === keyword.toUpperCase()).length
    const wanted = lower > upper ? 'small' : 'capital'
    return positions.flatMap((position): readonly Mark[] => {
      const keyword = keywordOf(position)
      if (keyword === (wanted === 'small' ? keyword.toLowerCase() : keyword.toUpperCase())) return []
      const message = `"${keyword}" should be in ${wanted} letters, as most instructions of this file are`
      return [{ position, message, words: [keyword] }]
    })
  },
}
