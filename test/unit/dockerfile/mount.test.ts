import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csvFields } from '../../../src/dockerfile/csv.ts'
import { checkMount, type Mount, readMount } from '../../../src/dockerfile/mount.ts'
import { errorOf, said } from './read.ts'

const noOwner = { mode: undefined, uid: undefined, gid: undefined }
const bind = { type: 'bind', target: '/t', source: '', from: '', readOnly: true } as const
const cache = {
  type: 'cache',
  id: '',
  target: '/t',
  source: '',
  from: '',
  readOnly: false,
  sharing: 'shared',
  ...noOwner,
}
const tmpfs = { type: 'tmpfs', target: '/t', size: undefined, readOnly: false } as const
const secret = { type: 'secret', id: 'a', target: '', env: undefined, required: false, ...noOwner } as const
const ssh = { type: 'ssh', id: 'default', target: '', required: false, ...noOwner } as const

const read: readonly (readonly [text: string, expected: object])[] = [
  ['target=/t', bind],
  ['type=bind,dst=/t', bind],
  ['TYPE=BIND,Destination=/t', bind],
  ['target=/x,target=/t', bind],
  ['type=bind,target=/t,source=s,from=f', { ...bind, source: 's', from: 'f' }],
  ['target=/t,src=s', { ...bind, source: 's' }],
  ['target=/t,rw', { ...bind, readOnly: false }],
  ['target=/t,readwrite=false', bind],
  ['target=/t,readwrite=true', { ...bind, readOnly: false }],
  ['target=/t,rw,ro', bind],
  ['target=/t,ro=0', { ...bind, readOnly: false }],
  ['target=/a=b', { ...bind, target: '/a=b' }],
  ['"target=/a,b",source=s', { ...bind, target: '/a,b', source: 's' }],
  ['"target=/a ""b"""', { ...bind, target: '/a "b"' }],
  ['type=cache,target=/t', cache],
  ['type=cache,target=/t,id=i,sharing=locked,ro', { ...cache, id: 'i', sharing: 'locked', readOnly: true }],
  ['type=cache,target=/t,sharing=PRIVATE,from=f,source=s', { ...cache, sharing: 'private', from: 'f', source: 's' }],
  ['type=cache,target=/t,mode=0750,uid=1,gid=2', { ...cache, mode: 0o750, uid: 1, gid: 2 }],
  ['type=tmpfs,target=/t', tmpfs],
  ['type=tmpfs,target=/t,size=100', { ...tmpfs, size: 100 }],
  ['type=tmpfs,target=/t,size=64m', { ...tmpfs, size: 64 << 20 }],
  ['type=tmpfs,target=/t,size=1.5GiB', { ...tmpfs, size: 1.5 * 2 ** 30 }],
  ['type=tmpfs,target=/t,size=2 kb,ro', { ...tmpfs, size: 2048, readOnly: true }],
  ['type=secret,id=a', secret],
  ['type=secret,source=a', secret],
  ['type=secret,target=/run/a', { ...secret, target: '/run/a' }],
  ['required,type=secret,id=a', { ...secret, required: true }],
  ['type=secret,id=a,required=false,ro', secret],
  ['type=secret,id=a,env=A,uid=5,gid=6,mode=0440', { ...secret, env: 'A', uid: 5, gid: 6, mode: 0o440 }],
  ['type=ssh', ssh],
  [
    'type=ssh,id=a,target=/s,required,mode=0666,uid=1,gid=1',
    { ...ssh, ...{ id: 'a', target: '/s', required: true, mode: 0o666, uid: 1, gid: 1 } },
  ],
]

for (const [text, expected] of read) {
  test(`--mount=${text} is read`, () => {
    checkMount(text)
    assert.deepEqual(readMount(text, plain), expected as Mount)
  })
}

const wrong: readonly (readonly [text: string, says: RegExp])[] = [
  ['type=bnd,target=/t', /no type "bnd".*bind, cache, secret, ssh, tmpfs/],
  ['type,target=/t', /no type ""/],
  ['', /has an empty part/],
  ['type=bind', /--mount=type=bind has no target/],
  ['type=cache', /has no target/],
  ['type=tmpfs,target=', /has no target/],
  ['type=bind,target', /target is not possible.*needs a value/],
  ['type=bind,target=/t,id=x', /--mount=type=bind has no key "id".*its keys are type, target, dst/],
  ['type=bind,target=/t,mode=0700', /has no key "mode"/],
  ['type=bind,target=/t,sharing=locked', /has no key "sharing"/],
  ['type=bind,target=/t,required', /has no key "required"/],
  ['type=tmpfs,target=/t,source=s', /has no key "source"/],
  ['type=tmpfs,target=/t,uid=1', /has no key "uid"/],
  ['type=cache,target=/t,size=1', /has no key "size"/],
  ['type=cache,target=/t,sharing=open', /sharing=open is not possible.*shared, private, locked/],
  ['type=cache,target=/t,mode=9', /mode=9 is not possible.*octal/],
  ['type=cache,target=/t,mode=10000', /mode=10000 is not possible/],
  ['type=cache,target=/t,uid=root', /uid=root is not possible.*number/],
  ['type=cache,target=/t,gid=4294967295', /gid=4294967295 is not possible/],
  ['type=cache,target=/t,ro=maybe', /ro=maybe is not possible.*true or false/],
  ['type=tmpfs,target=/t,size=much', /size=much is not possible/],
  ['type=secret', /names no secret.*id=NAME/],
  ['type=secret,id=a,from=b', /has no key "from"/],
  ['type=secret,id=a,env=', /env= is not possible/],
  ['type=secret,id=a,ro=false', /only be read/],
  ['type=ssh,source=s', /has no key "source"/],
  ['type=ssh,required=often', /required=often is not possible/],
  ['target=/a"b', /quotation marks/],
  ['"target=/a', /quotation marks/],
  ['"target=/a"b', /quotation marks/],
]

for (const [text, says] of wrong) {
  test(`--mount=${text} is refused`, () => {
    const error = errorOf(() => readMount(text, plain))
    assert.equal(error.code, 'dockerfile-syntax')
    assert.match(said(error), says)
  })
}

test('every value is expanded, keys are not', () => {
  const expand = (value: string): string => value.replace('$X', 'cache').replace('$Y', '/t')
  assert.deepEqual(readMount('type=$X,target=$Y', expand), cache)
  assert.match(said(errorOf(() => readMount('$X=a,target=/t', expand))), /no key "\$x"/)
})

test('what can be known before variables are is checked early', () => {
  assert.match(said(errorOf(() => checkMount('type=$T,colour=red'))), /no key "colour"/)
  assert.match(said(errorOf(() => checkMount('from=$BASE,target=/t'))), /from=\$BASE cannot hold a variable.*FROM/)
  checkMount('type=$T,size=$S,from=a$')
})

test('comma-separated values are split as BuildKit splits them', () => {
  assert.deepEqual(csvFields('a,b'), ['a', 'b'])
  assert.deepEqual(csvFields('a,,b,'), ['a', '', 'b', ''])
  assert.deepEqual(csvFields('"a,b","c""d",'), ['a,b', 'c"d', ''])
  assert.deepEqual(csvFields(''), [''])
})

function plain(value: string): string {
  return value
}
