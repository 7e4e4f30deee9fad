import type { Position } from '../../dockerfile/instruction.ts'
import { trim } from '../../dockerfile/whitespace.ts'
import type { Mark, Rule } from '../rule.ts'

/** Docker prints the comment right above a stage or an argument as its description, where it starts with its name. */
export const invalidDefinitionDescription: Rule = {
  name: 'InvalidDefinitionDescription',
  origin: 'buildkit',
  isExperimental: true,
  find({ dockerfile }) {
    const { lines, metaArgs, stages } = dockerfile
    const args = [...metaArgs, ...stages.flatMap(({ instructions }) => instructions)].filter(
      ({ kind }) => kind === 'ARG',
    )
    return [
      ...stages.flatMap(({ name, from }) => (name === undefined ? [] : undescribed(lines, from, [name]))),
      ...args.flatMap((arg) =>
        arg.kind === 'ARG'
          ? undescribed(
              lines,
              arg,
              arg.args.map(([name]) => name),
            )
          : [],
      ),
    ]
  },
}

function undescribed(lines: readonly string[], position: Position, names: readonly string[]): readonly Mark[] {
  const above = trim(lines[position.line - 2] ?? '')
  const comment = above.startsWith('#') && !isDirective(above) ? trim(above.slice(1)) : ''
  if (comment === '' || names.includes(comment.split(' ')[0] ?? '')) return []
  const example = names.length === 1 ? names[0] : '<name>'
  const message = `the comment above does not describe this: start it with "${example}", or leave a blank line between`
  return [{ position, message }]
}

function isDirective(line: string): boolean {
  return /^#\s*(?:syntax|escape|check)\s*=/i.test(line)
}
