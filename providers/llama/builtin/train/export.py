"""Writes a checkpoint as a GGUF file with weights in Q8_0.

    python3 export.py run.pt ../model.gguf
"""
import os, struct, sys
import numpy as np, torch
import tok

saved = torch.load(sys.argv[1])
m, a, vocab = saved["model"], saved["args"], saved["vocab"]
d, V = a["d"], len(vocab)
assert V % 32 == 0 and d % 32 == 0 and a["ffn"] % 32 == 0


def q8(x):
    x = x.float().numpy().reshape(-1, 32)
    most = np.abs(x).max(1)
    scale = (most / 127).astype(np.float16)
    q = np.rint(x * np.where(most > 0, 127 / np.maximum(most, 1e-30), 0)[:, None]).astype(np.int8)
    b = np.zeros((len(x), 34), np.uint8)
    b[:, :2] = scale.view(np.uint8).reshape(-1, 2)
    b[:, 2:] = q.view(np.uint8)
    return b.tobytes()


tensors = []


def matrix(name, x):
    tensors.append((name, list(reversed(x.shape)), 8, q8(x)))


def vector(name, x):
    tensors.append((name, [x.numel()], 0, x.float().numpy().tobytes()))


matrix("token_embd.weight", m["emb.weight"])
for i in range(a["L"]):
    p = f"blk.{i}."
    q, k, v = m[f"b.{i}.qkv.weight"].view(3, d, d)
    g, u = m[f"b.{i}.gu.weight"].split(a["ffn"])
    vector(p + "attn_norm.weight", m[f"b.{i}.n1"])
    matrix(p + "attn_q.weight", q)
    matrix(p + "attn_k.weight", k)
    matrix(p + "attn_v.weight", v)
    matrix(p + "attn_output.weight", m[f"b.{i}.o.weight"])
    vector(p + "ffn_norm.weight", m[f"b.{i}.n2"])
    matrix(p + "ffn_gate.weight", g)
    matrix(p + "ffn_up.weight", u)
    matrix(p + "ffn_down.weight", m[f"b.{i}.down.weight"])
vector("output_norm.weight", m["n"])
matrix("output.weight", m["out.weight"])


def string(x):
    b = x.encode()
    return struct.pack("<Q", len(b)) + b


pairs = []


def pair(key, kind, value):
    pairs.append(string(key) + struct.pack("<I", kind) + value)


def u32(k, v):
    pair(k, 4, struct.pack("<I", v))


def f32(k, v):
    pair(k, 6, struct.pack("<f", v))


def boolean(k, v):
    pair(k, 7, struct.pack("<?", v))


def text(k, v):
    pair(k, 8, string(v))


# Types of tokens: 2 unknown, 3 control, 6 byte, 1 normal. A piece made earlier merges first.
fixed = tok.BYTES + 256
kinds = [2] + [3] * (tok.BYTES - 1) + [6] * 256 + [1] * (V - fixed)
scores = [0.0] * fixed + [-float(i) for i in range(V - fixed)]
text("general.architecture", "llama")
text("general.type", "model")
text("general.name", "Parley's built-in model")
text("general.author", "The Parley project")
text("general.license", "apache-2.0")
text("general.description", "Answers questions about the Go library Parley. Trained on text that the project generates.")
text("general.size_label", "3M")
u32("general.file_type", 7)  # mostly Q8_0
u32("general.quantization_version", 2)
f32("general.sampling.temp", 0.0)
u32("llama.block_count", a["L"])
u32("llama.context_length", 1024)
u32("llama.embedding_length", d)
u32("llama.feed_forward_length", a["ffn"])
u32("llama.attention.head_count", a["H"])
u32("llama.attention.head_count_kv", a["H"])
f32("llama.attention.layer_norm_rms_epsilon", 1e-5)
u32("llama.rope.dimension_count", d // a["H"])
f32("llama.rope.freq_base", 10000.0)
u32("llama.vocab_size", V)
text("tokenizer.ggml.model", "llama")
text("tokenizer.ggml.pre", "default")
pair("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, V) + b"".join(map(string, vocab)))
pair("tokenizer.ggml.scores", 9, struct.pack("<IQ", 6, V) + np.array(scores, np.float32).tobytes())
pair("tokenizer.ggml.token_type", 9, struct.pack("<IQ", 5, V) + np.array(kinds, np.int32).tobytes())
u32("tokenizer.ggml.unknown_token_id", tok.UNK)
u32("tokenizer.ggml.bos_token_id", tok.BOS)
u32("tokenizer.ggml.eos_token_id", tok.EOS)
boolean("tokenizer.ggml.add_bos_token", True)
boolean("tokenizer.ggml.add_eos_token", False)
boolean("tokenizer.ggml.add_space_prefix", False)
text("tokenizer.chat_template", open("template.jinja").read())

head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join(pairs)
offset = 0
for name, shape, kind, data in tensors:
    head += string(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", x) for x in shape)
    head += struct.pack("<IQ", kind, offset)
    offset += (len(data) + 31) // 32 * 32
with open(sys.argv[2], "wb") as out:
    out.write(head + b"\0" * (-len(head) % 32))
    for _, _, _, data in tensors:
        out.write(data + b"\0" * (-len(data) % 32))
print(sys.argv[2], os.path.getsize(sys.argv[2]))
