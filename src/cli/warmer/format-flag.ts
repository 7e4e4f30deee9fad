import type { Flag } from '../flags/flag.ts'

/** Of commands that print a list. */
export const formatFlag: Flag = {
  name: 'format',
  kind: 'text',
  default: 'text',
  choices: ['text', 'json'],
  description: 'Form of what is printed',
  group: 'Result',
}
