// Does what bin/executor.ts does in a user namespace, and then waits for its end: follow-parent.ts <word to be found by>
import { followParent, inUserNamespace } from '../../../../src/run/user-namespace.ts'

if (!inUserNamespace(process.env)) throw new Error('this is to be started in a user namespace')
followParent(process.env)
console.log('ready')
setInterval(() => {}, 1000)
