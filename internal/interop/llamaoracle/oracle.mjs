// Answers requests with greedy runs of libllama, until standard input ends. A request is a
// line of JSON: {path, prompt, tokens}. The answer is a line of JSON for each token:
// {id, logits}, where logits are those of all tokens by id, less the largest one.
import { createInterface } from 'node:readline'
import { getLlama } from 'node-llama-cpp'

const llama = await getLlama({ gpu: false, build: 'never', skipDownload: true, logLevel: 'error' })
const models = new Map()

async function sequence(path) {
  if (!models.has(path)) {
    const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 })
    const context = await model.createContext({ contextSize: 2048, batchSize: 512, threads: 1, flashAttention: true })
    models.set(path, context.getSequence())
  }
  return models.get(path)
}

for await (const line of createInterface({ input: process.stdin })) {
  const { path, prompt, tokens } = JSON.parse(line)
  const s = await sequence(path)
  await s.clearHistory()
  let n = 0
  for await (const t of s.evaluateWithMetadata(prompt, { probabilities: true }, { temperature: 0, yieldEogToken: true })) {
    const logits = new Array(t.probabilities.size)
    const most = t.probabilities.get(t.token)
    for (const [id, p] of t.probabilities) logits[id] = Math.max(Math.log(p / most), -1e9)
    console.log(JSON.stringify({ id: t.token, logits }))
    if (++n === tokens) break
  }
}
process.exit(0)
