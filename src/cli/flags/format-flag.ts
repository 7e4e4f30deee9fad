import type { Flag } from './flag.ts'

/** Of commands that print a list. */
export const formatFlag: Flag = {
  name: 'format',
  kind: 'text',
  default: 'text',
  choices: ['text', 'json'],
  description: 'Form of what is printed on standard output',
  group: 'Output',
}
