"""Trains the model on generated dialogues, on one processor core.

    OPENBLAS_CORETYPE=Haswell OMP_NUM_THREADS=1 nice -n 5 python3 train.py --name run --minutes 60

--until HH:MM ends the training at a time of day. --resume continues from a checkpoint. The
phrases are read again when their files change, so that data can be added while it runs.
"""
import argparse, datetime, glob, importlib, json, math, os, random, time

ap = argparse.ArgumentParser()
for k, v in dict(vocab=2560, d=192, L=4, H=6, ffn=512, lr=2e-3, minutes=60.0, seed=1, name="run", until="", resume="",
                 evalmin=4.0, dev="dev.tsv", vocabof="", bag=2.0, slow=0.1,
                 sets="../testdata/heldout.tsv,../testdata/otherwords.tsv").items():
    ap.add_argument("--" + k, type=type(v), default=v)
a = ap.parse_args()
os.environ["OMP_NUM_THREADS"] = "1"
import torch, torch.nn as nn, torch.nn.functional as F
from collections import Counter
import gen, tok

torch.set_num_threads(1)
torch.manual_seed(a.seed)
gen.R.seed(a.seed)
R = random.Random(a.seed + 7)


def vocabulary():
    c = Counter()

    def add(text, n=1):
        for w in tok.words(text):
            c[w] += n

    for i in range(24000):
        for q, an in gen.dialogue():
            add(" " + q)
            if an not in gen.FIXED:
                add(an)
        if i % 6 == 0:
            skeletons, turns = gen.with_tools()
            for s in skeletons:
                add(s)
            for role, t in turns:
                add(t)
    for an in gen.FIXED:
        add(an, 300)
    return tok.train(Counter({w: min(n, 3000) for w, n in c.items()}), a.vocab)


if a.resume:
    saved = torch.load(a.resume)
    vocab = saved["vocab"]
else:
    vocab = torch.load(a.vocabof)["vocab"] if a.vocabof else vocabulary()
tk = tok.Tok(vocab)
V, hd = len(vocab), a.d // a.H


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = nn.Parameter(torch.ones(a.d)), nn.Parameter(torch.ones(a.d))
        self.qkv, self.o = nn.Linear(a.d, 3 * a.d, bias=False), nn.Linear(a.d, a.d, bias=False)
        self.gu, self.down = nn.Linear(a.d, 2 * a.ffn, bias=False), nn.Linear(a.ffn, a.d, bias=False)


def rms(x, w):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * w


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.out = nn.Embedding(V, a.d), nn.Embedding(V, a.d)
        self.b = nn.ModuleList(Block() for _ in range(a.L))
        self.n = nn.Parameter(torch.ones(a.d))
        for n, p in self.named_parameters():
            if p.dim() > 1:
                deep = n.endswith(("o.weight", "down.weight"))
                std = 0.1 if n.startswith("emb") else 0.02 if n.startswith("out") else p.shape[1] ** -0.5 / (math.sqrt(2 * a.L) if deep else 1)
                nn.init.normal_(p, 0, std)
        t = torch.arange(2048).float()[:, None] * (10000.0 ** (-torch.arange(0, hd, 2).float() / hd))[None]
        self.cos, self.sin = t.cos(), t.sin()

    def rope(self, x):  # pairs (2i, 2i+1), as GGUF's llama has them
        n = x.shape[2]
        x1, x2, c, s = x[..., 0::2], x[..., 1::2], self.cos[:n], self.sin[:n]
        return torch.stack((x1 * c - x2 * s, x1 * s + x2 * c), -1).flatten(-2)

    def forward(self, ids, mask):
        B, T = ids.shape
        x = self.emb(ids)
        for b in self.b:
            q, k, v = b.qkv(rms(x, b.n1)).view(B, T, 3, a.H, hd).permute(2, 0, 3, 1, 4)
            q, k = self.rope(q), self.rope(k)
            att = (q @ k.transpose(-1, -2)) * hd**-0.5 + mask
            x = x + b.o((att.softmax(-1) @ v).transpose(1, 2).reshape(B, T, a.d))
            g, u = b.gu(rms(x, b.n2)).split(a.ffn, -1)
            x = x + b.down(F.silu(g) * u)
        return rms(x, self.n)


def bag(minutes):
    """Trains the input embeddings and the topics of questions alone, and puts the result into
    the first block.

    The mean of a question's normalised embeddings decides its topic. This sees a hundred times
    as many questions in the same time. Attention that looks at all tokens equally computes that
    mean, so four of the six heads of the first block begin with it."""
    n, part = 256, a.d * 4 // 6
    E, L = nn.Embedding(V, a.d), nn.Linear(part, len(gen.LABELS))
    nn.init.normal_(E.weight, 0, 0.1)
    o = torch.optim.Adagrad(list(E.parameters()) + list(L.parameters()), lr=0.05)

    def logits(rows):
        flat = torch.tensor([i for r in rows for i in r])
        owner = torch.tensor([j for j, r in enumerate(rows) for _ in r])
        x = rms(E(flat), 1.0)[:, :part]
        lengths = torch.tensor([float(len(r)) for r in rows])[:, None]
        mean = torch.zeros(len(rows), part).index_add(0, owner, x) / lengths
        return L(mean * 3)

    def right(name):
        items = [l.rstrip("\n").split("\t") for l in open(name)]
        items = [(gen.INDEX[t], q) for t, q in items if t in gen.INDEX and "||" not in q]
        rows = [[tok.BOS, tok.USER] + tk.enc(" " + q) + [tok.ASSISTANT] for _, q in items]
        hits = (logits(rows).argmax(-1) == torch.tensor([t for t, _ in items])).sum().item()
        return f"{os.path.basename(name)} {hits} of {len(items)} = {100 * hits / len(items):.1f} %"

    t0, seen, mean = time.process_time(), 0, None
    while time.process_time() - t0 < minutes * 60:
        rows, y = [], []
        for _ in range(n):
            q, label = gen.labelled()
            rows.append([tok.BOS, tok.USER] + tk.enc(" " + q, 0.05) + [tok.ASSISTANT])
            y.append(label)
        loss = F.cross_entropy(logits(rows), torch.tensor(y))
        o.zero_grad()
        loss.backward()
        o.step()
        seen += n
        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        if seen % (n * 200) == 0:
            print(f"bag of tokens: {seen} questions, loss {mean:.3f}, {right(a.dev)}", flush=True)
    with torch.no_grad():
        print(f"bag of tokens: {seen} questions, loss {mean:.3f};", "; ".join(map(right, [a.dev] + a.sets.split(","))), flush=True)
        m.emb.weight.copy_(rms(E.weight, 0.12))
        b = m.b[0]
        q, k, v = b.qkv.weight.split(a.d)
        q[:part] *= 0.3
        k[:part] *= 0.3
        v[:part] = torch.eye(a.d)[:part]
        b.o.weight[:, :part] = torch.eye(a.d)[:, :part]
        first = {}
        for topic, answer in gen.ANSWERS.items():
            first.setdefault(tk.answer(answer)[0], []).append(gen.INDEX[topic])
        for i, labels in first.items():
            m.out.weight[i, :part] = L.weight[labels].mean(0)


m = Model()
if a.bag and not a.resume:
    bag(a.bag)
# The weights that the bag has made learn slowly, so that the others learn to use them.
made = [m.emb.weight, m.b[0].qkv.weight, m.b[0].o.weight]
dec = [p for p in m.parameters() if p.dim() > 1 and not any(p is q for q in made)]
nod = [p for p in m.parameters() if p.dim() < 2]
opt = torch.optim.AdamW([dict(params=dec, weight_decay=0.05), dict(params=nod, weight_decay=0),
                         dict(params=made, weight_decay=0, k=a.slow)], lr=a.lr, betas=(0.9, 0.98))
if a.resume:
    m.load_state_dict(saved["model"])
    opt.load_state_dict(saved["opt"])


def doc(cut, long):
    """A dialogue as ids and weights. Only answers have weights. Most single answers are cut
    after their first tokens, because these decide."""
    ids, w = [tok.BOS], [0.0]

    def add(t, weight):
        ids.extend(t)
        w.extend([weight] * len(t))

    drop = 0.05
    if R.random() < (0.1 if long else 0.09):
        skeletons, turns = gen.with_tools()
        add([tok.TOOLS] + [i for s in skeletons for i in tk.enc(s)], 0.0)
        for role, t in turns:
            if role == "user":
                add([tok.USER] + tk.enc(" " + t, drop), 0.0)
            elif role == "tool":
                add([tok.TOOL] + tk.enc(" " + t), 0.0)
            else:
                add([tok.ASSISTANT], 0.0)
                add(tk.answer(t), 1.0)
        return ids, w
    d = gen.dialogue(R.randint(5, 12)) if long else gen.dialogue()
    for q, an in d:
        add([tok.USER] + tk.enc(" " + q, drop) + [tok.ASSISTANT], 0.0)
        t = tk.answer(an)
        if len(d) == 1 and an in gen.FIXED and R.random() < cut:
            t = t[: R.randint(2, 5)]
        add(t, 1.0)
    return ids, w


def batch(cut, long):
    B, T = (2, 384) if long else (8, 96)
    X = torch.full((B, T + 1), tok.EOS, dtype=torch.long)
    W, D = torch.zeros(B, T + 1), torch.zeros(B, T, dtype=torch.long)
    for i in range(B):
        ids, w, dd, k = [], [], [], 0
        while len(ids) < T + 1:
            x, y = doc(cut, long)
            if len(ids) + len(x) > T + 1 and len(ids) > T * 0.6:
                break
            k += 1
            ids += x
            w += y
            dd += [k] * len(x)
        n = min(len(ids), T + 1)
        X[i, :n], W[i, :n] = torch.tensor(ids[:n]), torch.tensor(w[:n])
        n = min(n, T)
        D[i, :n] = torch.tensor(dd[:n])
    return X, W, D


def step(cut, long):
    X, W, D = batch(cut, long)
    T = X.shape[1] - 1
    mask = torch.triu(torch.full((T, T), -1e9), 1)[None] + (D[:, :, None] != D[:, None, :]) * (-1e9)
    y, w = X[:, 1:], W[:, 1:]
    sel = w > 0
    with torch.autocast("cpu", dtype=torch.bfloat16):
        lo = m(X[:, :-1], mask[:, None])[sel] @ m.out.weight.T
    l = F.cross_entropy(lo.float(), y[sel], reduction="none")
    return (l * w[sel]).sum() / w[sel].sum(), X.numel()


def generate(prompts, most):
    m.eval()
    outs = [[] for _ in prompts]
    with torch.no_grad():
        for lo in range(0, len(prompts), 32):
            ps = [list(p) for p in prompts[lo : lo + 32]]
            live = list(range(len(ps)))
            for _ in range(most):
                L = max(len(ps[i]) for i in live)
                X = torch.full((len(live), L), 2)
                for r, i in enumerate(live):
                    X[r, : len(ps[i])] = torch.tensor(ps[i])
                h = m(X, torch.triu(torch.full((L, L), -1e9), 1)[None, None])
                last = torch.tensor([len(ps[i]) - 1 for i in live])
                nx = (h[torch.arange(len(live)), last] @ m.out.weight.T).argmax(-1).tolist()
                keep = []
                for r, i in enumerate(live):
                    if nx[r] != tok.EOS:
                        ps[i].append(nx[r])
                        outs[lo + i].append(nx[r])
                        keep.append(i)
                live = keep
                if not live:
                    break
    m.train()
    return outs


def evaluate():
    """Topics of single questions that are right by the first words of the answer."""
    items = [l.rstrip("\n").split("\t") for l in open(a.dev)]
    items = [(t, q) for t, q in items if t in gen.ANSWERS and "||" not in q]
    outs = generate([[tok.BOS, tok.USER] + tk.enc(" " + q) + [tok.ASSISTANT] for _, q in items], 7)
    bad = [(t, q, tk.dec(o)) for (t, q), o in zip(items, outs) if not gen.ANSWERS[t].startswith(tk.dec(o)) or not o]
    return len(items), bad


def save():
    path = f"{a.name}.pt"
    torch.save(dict(model=m.state_dict(), opt=opt.state_dict(), args=vars(a), vocab=vocab), path + ".tmp")
    os.replace(path + ".tmp", path)


def stamp():
    return max(os.path.getmtime(f) for f in glob.glob("phrases/*.txt"))


start, end = time.time(), None
if a.until:
    hh, mm = map(int, a.until.split(":"))
    end = datetime.datetime.now().replace(hour=hh, minute=mm, second=0).timestamp()
print(f"{a.name}: {sum(p.numel() for p in m.parameters()) / 1e6:.2f}M parameters, vocabulary {V}", flush=True)
el, steps, toks, ema, nextev, seen = 0.0, 0, 0, None, a.evalmin * 60, stamp()
while True:
    t0 = time.process_time()
    f = (time.time() - start) / (end - start) if end else el / (a.minutes * 60)
    if f >= 1:
        break
    warm = 100 if not a.resume else 30
    lr = a.lr * min(1, (steps + 1) / warm) * (0.5 * (1 + math.cos(math.pi * f)) * 0.97 + 0.03)
    for g in opt.param_groups:
        g["lr"] = lr * g.get("k", 1.0)
    # First single questions and the beginnings of answers, then more whole dialogues.
    loss, n = step(0.9 - 0.5 * f, R.random() < 0.04 + 0.3 * f)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(m.parameters(), 1.0)
    opt.step()
    steps += 1
    toks += n
    ema = loss.item() if ema is None else 0.98 * ema + 0.02 * loss.item()
    el += time.process_time() - t0
    if steps % 100 == 0:
        print(f"step {steps} {el / 60:.1f} min {toks / 1e6:.2f}M tok {toks / el:.0f} tok/s loss {ema:.4f} done {100 * f:.0f} %", flush=True)
        if stamp() != seen:
            seen = stamp()
            try:
                gen.PHRASES = gen.load()
                print("phrases read again", flush=True)
            except Exception as e:
                print("phrases:", e, flush=True)
    if el > nextev:
        nextev += a.evalmin * 60
        save()
        n, bad = evaluate()
        print(f"EVAL {el / 60:.1f} min {toks / 1e6:.2f}M tok loss {ema:.4f}: {n - len(bad)} of {n} = {100 * (1 - len(bad) / n):.1f} %", flush=True)
        json.dump(bad, open(f"{a.name}.bad.json", "w"), indent=0)
save()
n, bad = evaluate()
json.dump(bad, open(f"{a.name}.bad.json", "w"), indent=0)
print(f"END {el / 60:.1f} min {toks / 1e6:.2f}M tok loss {ema:.4f}: {n - len(bad)} of {n} = {100 * (1 - len(bad) / n):.1f} %")
