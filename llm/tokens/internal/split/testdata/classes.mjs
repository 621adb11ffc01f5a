// Writes unicode.txt: the members of each class. It queries npm's tiktoken (the Rust crate
// regex inside it) for one class at a time and every code point:
//
//	npm install --ignore-scripts tiktoken@1.0.22
//	node classes.mjs > unicode.txt
//
// An encoder with a pattern of one class keeps only the characters of that class. If its
// tokens are the 256 bytes, its output is these characters.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { Tiktoken } = createRequire(pathToFileURL(process.cwd() + "/"))("tiktoken");
const bytes = Array.from({ length: 256 }, (_, i) => Buffer.from([i]).toString("base64"));
const vocabulary = "! 0 " + bytes.join(" ");

function members(pattern) {
  const encoder = new Tiktoken(vocabulary, {}, pattern);
  const found = [];
  for (let base = 0; base < 0x110000; base += 0x8000) {
    let text = "";
    for (let c = base; c < base + 0x8000; c++) {
      if (c < 0xd800 || c > 0xdfff) text += String.fromCodePoint(c);
    }
    const kept = Buffer.from(encoder.encode(text, [], [])).toString("utf8");
    for (const ch of kept) found.push(ch.codePointAt(0));
  }
  encoder.free();
  return found;
}

function ranges(points) {
  const out = [];
  for (const c of points) {
    const last = out[out.length - 1];
    if (last && last[1] + 1 === c) last[1] = c;
    else out.push([c, c]);
  }
  return out;
}

const hex = (c) => c.toString(16).toUpperCase().padStart(4, "0");
const classes = [
  ["Lu", "\\p{Lu}"], ["Ll", "\\p{Ll}"], ["Lt", "\\p{Lt}"], ["Lm", "\\p{Lm}"], ["Lo", "\\p{Lo}"],
  ["M", "\\p{M}"], ["N", "\\p{N}"], ["P", "\\p{P}"], ["S", "\\p{S}"], ["space", "\\s"], ["Han", "\\p{Han}"],
];
console.log("# Character classes as npm tiktoken 1.0.22 (Unicode 16.0) knows them; made by classes.mjs.");
for (const [name, pattern] of classes) {
  const words = ranges(members(pattern)).map(([a, b]) => (a === b ? hex(a) : hex(a) + "-" + hex(b)));
  console.log(name + " " + words.join(" "));
}
