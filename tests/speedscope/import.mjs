// node import.mjs NODE_MODULES FILE
// Reads a profile by speedscope's own importer, and prints a line for each frame of each profile, separated by tabs:
// profile, frame, calls, total ns, self ns. Its bundle is made for a browser and exports nothing: the importer is taken out by its name,
// which is that of a property and so is kept, and what the page itself would do ends where there is no page.
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import vm from 'node:vm'

const [modules, file] = process.argv.slice(2)
const release = path.join(modules, 'speedscope', 'dist', 'release')
const bundle = readFileSync(path.join(release, readdirSync(release).find(name => /^speedscope-.*\.js$/.test(name))), 'utf8')
const importer = /async function ([\w$]+)\([\w$]+,[\w$]+\)\{return\(await [\w$]+\)\.importProfileGroupFromText\(/.exec(bundle)?.[1]
if (!importer) throw new Error('no importer in the bundle')

const nothing = new Proxy(function () {}, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => '' : key === 'then' ? undefined : nothing), apply: () => nothing, construct: () => nothing, set: () => true,
})
const page = { console: { ...console, log() {} }, TextDecoder, TextEncoder, URL, URLSearchParams, setTimeout, clearTimeout, performance, document: nothing,
               localStorage: nothing, navigator: { platform: '', userAgent: '' }, location: { hash: '', protocol: 'file:', href: '' }, addEventListener() {}, matchMedia: () => nothing,
               requestAnimationFrame() {}, HTMLElement: class {}, devicePixelRatio: 1 }
page.window = page.self = page.globalThis = page
const context = vm.createContext(page)
const start = bundle.indexOf('{') + 1
try {
  vm.runInContext(`${bundle.slice(0, start)}window.importProfile=(name,text)=>${importer}(name,text);${bundle.slice(start)}`, context)
} catch {
  // There is no page: what is wanted is defined by now, or the next line says so.
}

const group = await page.importProfile('trace.speedscope.json', readFileSync(file, 'utf8'))
for (const profile of group.profiles) {
  const calls = new Map(), open = []
  let last = -Infinity
  profile.forEachCall(
    (node, at) => {
      if (at < last) throw new Error(`time goes back at ${at}`)
      last = at
      open.push(node.frame)
      calls.set(node.frame, (calls.get(node.frame) ?? 0) + 1)
    },
    (node, at) => {
      if (at < last || open.pop() !== node.frame) throw new Error(`an end out of order at ${at}`)
      last = at
    })
  if (open.length) throw new Error('open at the end')
  profile.forEachFrame(frame => console.log([profile.getName(), frame.name, calls.get(frame) ?? 0, frame.getTotalWeight(), frame.getSelfWeight()].join('\t')))
}
