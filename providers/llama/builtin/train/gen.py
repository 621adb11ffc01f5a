"""Generates the dialogues that the built-in model learns from.

The topics and their answers are in answers.txt, the ways to ask for them in phrases/, and
words without a meaning to Parley in words.txt. Everything else is in this file: sums,
counting, repeating, names, tools, and questions that the model cannot answer.

    python3 gen.py 20    prints 20 dialogues
"""
import glob, json, os, random, re, sys

R = random.Random(1)
HERE = os.path.dirname(os.path.abspath(__file__))


def lines(name):
    for line in open(os.path.join(HERE, name)):
        line = line.rstrip("\n")
        if line and line[0] != "#":
            yield line


def sections(name):
    out, key = {}, None
    for line in lines(name):
        if line[0] == "[":
            key = line.strip("[]")
            out[key] = []
        else:
            out[key] += line.split()
    return out


WORDS = sections("words.txt")
NAMES, SYL = WORDS["names"], WORDS["syllables"]
GENERAL = WORDS["nouns"] * 3 + WORDS["verbs"] + WORDS["adjectives"]
FRAMES = {}
for line in lines("frames.txt"):
    if line[0] == "[":
        key = line.strip("[]")
        FRAMES[key] = []
    else:
        FRAMES[key].append(line)
MACROS = dict(line.split(": ", 1) for line in lines("phrases/macros.txt"))
ANSWERS = dict(line.split(": ", 1) for line in lines("answers.txt"))


def load():
    """Reads the phrases: topic → kind (V, N, Q, K) → lines."""
    out = {}
    for path in sorted(glob.glob(os.path.join(HERE, "phrases", "*.txt"))):
        if path.endswith("macros.txt"):
            continue
        topic = None
        for line in lines(path):
            if line[0] == "@":
                topic = line[1:]
                assert topic in ANSWERS, topic
                out.setdefault(topic, {k: [] for k in "VNQK"})
                continue
            kind, text = line.split(": ", 1)
            if kind == "K":
                text = [[w.strip() for w in macro(g).split("|")] for g in text.split(" & ")]
            else:
                text = re.sub(r"<(\w+)>", lambda m: "{" + MACROS[m.group(1)] + "}", text)
            out[topic][kind].append(text)
    return out


def macro(s):
    return re.sub(r"<(\w+)>", lambda m: MACROS[m.group(1)], s)


def syllables():
    return "".join(R.choice(SYL) for _ in range(R.randint(2, 4)))


def spelled():
    """An invented word of random letters."""
    return "".join(R.choice("aaabcdeeeefghiiijklmnnoooprrssttuuvwyz") for _ in range(R.randint(3, 9)))


def word():
    r = R.random()
    return R.choice(GENERAL) if r < 0.72 else syllables() if r < 0.88 else spelled()


def expand(s):
    s = s.replace("{NOUN}", "NOUN")
    while True:
        m = re.search(r"\[([^\[\]]*)\]", s)
        if not m:
            break
        s = s[: m.start()] + (m.group(1) if R.random() < 0.4 else "") + s[m.end() :]
    while True:
        m = re.search(r"\{([^{}]*)\}", s)
        if not m:
            break
        s = s[: m.start()] + R.choice(m.group(1).split("|")) + s[m.end() :]
    s = re.sub("NOUN", lambda m: word(), s)
    return re.sub(r"\s+", " ", s).replace(" ,", ",").strip()


GLUE = ("the my a our to if when is for with on of in and it i we this that some by from at as are can be do "
        "does have will not so then please how what which would should your any there about").split()


def keywords(groups):
    """Words that together mean the topic, in a loose order with words between them."""
    groups = [g for g in groups]
    if R.random() < 0.35:
        R.shuffle(groups)
    parts = []
    for g in groups:
        parts += R.choices(GLUE, k=R.choice([0, 0, 1, 1, 2])) + [R.choice(g)]
    if R.random() < 0.25:
        parts.insert(R.randrange(len(parts) + 1), word())
    s = " ".join(parts)
    r = R.random()
    if r < 0.3:
        s = R.choice(FRAMES["how"]).replace("{v}", s)
    elif r < 0.4:
        s = R.choice(FRAMES["noun"]).replace("{n}", s)
    elif r < 0.5:
        s = R.choice(FRAMES["context"]) + " " + s
    return s


def ask(topic, phrases):
    """A question about a topic."""
    d = phrases[topic]
    kinds = "V" * 4 * bool(d["V"]) + "N" * 3 * bool(d["N"]) + "Q" * 4 * bool(d["Q"]) + "K" * 4 * bool(d["K"])
    kind = R.choice(kinds)
    line = R.choice(d[kind])
    if kind == "K":
        s = keywords(line)
    else:
        s = expand(line)
        if kind == "V":
            s = R.choice(FRAMES["how"]).replace("{v}", s)
        elif kind == "N":
            s = R.choice(FRAMES["noun"]).replace("{n}", s)
    if kind != "Q" or d["V"] or d["N"] or d["K"]:
        s = R.choice([""] * 12 + FRAMES["before"]) + s + R.choice([""] * 12 + FRAMES["after"])
        if R.random() < 0.12:
            s = R.choice(FRAMES["context"]) + R.choice([" ", ". ", ", ", ": "]) + s
    return s


ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty").split()


def number(n):
    return ONES[n] if n <= 20 and R.random() < 0.3 else str(n)


def raw(s):
    """A question with words to copy: its noise keeps them."""
    return ("raw", s)


def arithmetic(kind):
    a, b = R.randint(0, 20), R.randint(0, 20)
    if kind == "mul":
        a, b = R.randint(0, 10), R.randint(0, 10)
    if kind == "sub" and b > a:
        a, b = b, a
    q = R.choice(FRAMES[kind]).format(a=number(a), b=number(b), x=R.choice(WORDS["nouns"]) + "s")
    sign, value = {"sum": ("+", a + b), "sub": ("-", a - b), "mul": ("*", a * b)}[kind]
    return raw(q), f"{a} {sign} {b} = {value}"


def count(down):
    n = R.randint(2, 20)
    q = R.choice(FRAMES["countdown" if down else "count"]).format(n=number(n))
    return raw(q), " ".join(map(str, range(n, 0, -1) if down else range(1, n + 1)))


def repeat():
    w = " ".join(word() for _ in range(R.choice([1, 2, 2, 3, 3, 4, 5])))
    return raw(R.choice(FRAMES["repeat"]).replace("{w}", w)), "As you wish: " + w


def name():
    r = R.random()
    return R.choice(NAMES) if r < 0.45 else (syllables() if r < 0.75 else spelled()).capitalize()


def introduce():
    n = name()
    if R.random() < 0.15:
        n = n.lower()
    q = R.choice(FRAMES["name"]).replace("{n}", n)
    return raw(q), f"Nice to meet you, {n}!"


def unknown():
    f = R.choice(FRAMES["unknown"])
    q = f.replace("{n}", word()).replace("{m}", word())
    return q, ANSWERS["unknown"]


def task():
    q = R.choice(FRAMES["task"]).replace("{n}", word()).replace("{m}", word())
    return q, ANSWERS["task"]


def gibberish():
    return raw(" ".join(R.choice([syllables, spelled])() for _ in range(R.randint(1, 4)))), ANSWERS["gibberish"]


def special():
    k = R.choices(["sum", "sub", "mul", "count", "countdown", "repeat", "name", "noname", "unknown", "task", "gibberish"],
                  [6, 4, 4, 4, 4, 10, 7, 1.5, 13, 6, 2.5])[0]
    if k in ("sum", "sub", "mul"):
        return arithmetic(k)
    if k in ("count", "countdown"):
        return count(k == "countdown")
    if k == "noname":
        return R.choice(FRAMES["askname"]), ANSWERS["noname"]
    return {"repeat": repeat, "name": introduce, "unknown": unknown, "task": task, "gibberish": gibberish}[k]()


def typo(w):
    if len(w) < 4 or not w.isalpha():
        return w
    p, t = R.randrange(1, len(w) - 1), R.random()
    if t < 0.4:
        return w[:p] + w[p + 1] + w[p] + w[p + 2 :]
    return w[:p] + w[p + 1 :] if t < 0.7 else w[:p] + w[p] + w[p:]


def scramble(q):
    """Drops words, inserts others and changes the order, so that single words decide."""
    ws = q.split(" ")
    if R.random() < 0.6:
        ws = [w for w in ws if R.random() < 0.78] or ws
    for _ in range(R.choice([0, 1, 1, 2, 3])):
        ws.insert(R.randrange(len(ws) + 1), word() if R.random() < 0.6 else R.choice(GLUE))
    if R.random() < 0.5:
        R.shuffle(ws)
    return " ".join(ws)


def noise(q, answer, scrambled=0.4):
    if isinstance(q, tuple):
        q = q[1]
        if R.random() < 0.5:
            q = q[:1].upper() + q[1:]
        if R.random() < 0.3 and q[-1:].isalnum():
            q += R.choice(["?"]) if answer[:1].isdigit() else R.choice([".", "!"])
        return re.sub(r"\s+", " ", q).strip()
    if answer in FIXED and R.random() < scrambled:
        q = scramble(q)
    ws = q.split(" ")
    if len(ws) > 3 and R.random() < 0.15:
        ws.pop(R.randrange(len(ws)))
    if R.random() < 0.1:
        ws.insert(R.randrange(len(ws) + 1), word())
    if R.random() < 0.12:
        j = R.randrange(len(ws))
        ws[j] = typo(ws[j])
    q = " ".join(ws)
    t = R.random()
    if t < 0.6:
        q = re.sub(r"\bi\b", "I", q)
    if t < 0.5:
        q = q[:1].upper() + q[1:]
        q = re.sub(r"([.?!] )([a-z])", lambda m: m.group(1) + m.group(2).upper(), q)
    if t < 0.55:
        q = PROPER.sub(lambda m: SPELT[m.group(0)], q)
    elif t > 0.97:
        q = q.upper()
    if q[-1:].isalnum():
        q += R.choice(["", "", "", "?", "?", "?", "?", ".", ".", "!", " ?", "??"])
    return re.sub(r"\s+", " ", q).strip() or "hi"


SPELT = {w.lower(): w for w in
         ("Parley OpenAI GPT ChatGPT Azure Microsoft Gemini Google Vertex Claude Anthropic Sonnet Opus Ollama Llama "
           "Groq Cerebras Together OpenRouter DeepSeek PaLM LM Studio JSON YAML PDF API Redis Valkey OpenTelemetry "
           "Grafana Prometheus Python Java Windows Linux Docker English French German Spanish Entra Qwen Mistral vLLM AI LLM").split()}
PROPER = re.compile(r"\b(" + "|".join(SPELT) + r")\b")
FIXED = set(ANSWERS.values())
PHRASES = load()
TOPICS = sorted(PHRASES)
# Topics that many words lead to are asked for more often.
WEIGHTS = [1.6 if t in ("openai", "gemini", "ollama", "bigger", "who", "retry", "fallback", "tokens", "stream") else
           0.6 if t in ("ack", "kind", "golang", "platforms", "finish", "usage", "unsettings") else 1 for t in TOPICS]


def topic():
    t = R.choices(TOPICS, WEIGHTS)[0]
    return ask(t, PHRASES), ANSWERS[t]


def turn():
    return topic() if R.random() < 0.66 else special()


KINDS = [("sum", r"\d+ \+"), ("sub", r"\d+ -"), ("mul", r"\d+ \*"), ("name", "Nice to"), ("count", "1 2"),
         ("countdown", r"(.* )?2 1$"), ("repeat", "As you")]
LABELS = sorted(ANSWERS) + [k for k, _ in KINDS]
INDEX = {n: i for i, n in enumerate(LABELS)}
BY_ANSWER = {a: t for t, a in ANSWERS.items()}


def labelled():
    """A question and the number of its topic in LABELS."""
    q, a = turn()
    t = BY_ANSWER.get(a) or next(n for n, p in KINDS if re.match(p, a))
    return noise(q, a), INDEX[t]


def with_names(turns):
    """Answers to questions for the name depend on the turns before."""
    known, out = None, []
    for q, a in turns:
        m = re.match(r"Nice to meet you, (.*)!", a)
        if m:
            known = m.group(1)
        if a == ANSWERS["noname"] and known:
            a = f"Your name is {known}."
        out.append((q, a))
    return out


def dialogue(most=4):
    """Turns of question and answer, with noise."""
    n = R.choice([1, 1, 1, 1, 2, 3, 4]) if most == 4 else most
    turns = [turn() for _ in range(n)]
    if n > 1 and R.random() < 0.3 or n == 1 and R.random() < 0.06:
        at = R.randrange(len(turns))
        between = [turn() for _ in range(R.choice([0, 0, 1, 2]))]
        turns[at:at + 1] = [introduce()] + between + [(R.choice(FRAMES["askname"]), ANSWERS["noname"])]
    light = 0.15 if n > 1 else 0.4
    return [(noise(q, a, light), a) for q, a in with_names(turns)]


# Tools: each has parameters, and questions whose words in braces are the arguments.
TOOLS = [
    (["weather", "get_weather", "current_weather", "forecast", "weather_now", "getWeather"], ["city", "location", "place", "town"],
     ["what is the weather in {0}", "how is the weather in {0}", "weather in {0}", "is it raining in {0}", "will it rain in {0}",
      "do i need an umbrella in {0}", "is it cold in {0}", "tell me the weather in {0}", "what's the weather like in {0}",
      "how warm is it in {0}", "what is the temperature in {0}", "is it sunny in {0} today", "forecast for {0}"]),
    (["time", "get_time", "clock", "current_time", "now"], ["city", "zone", "place", "timezone"],
     ["what time is it in {0}", "what is the time in {0}", "how late is it in {0}", "tell me the time in {0}", "time in {0}"]),
    (["search", "lookup", "find", "web_search", "search_docs"], ["query", "text", "q", "topic", "term"],
     ["search for {0}", "look up {0}", "find {0}", "search the web for {0}", "what can you find about {0}", "who is {0}",
      "what is {0}", "tell me about {0}"]),
    (["price", "get_price", "stock", "quote", "stock_price"], ["symbol", "name", "item", "product"],
     ["what is the price of {0}", "how much is {0}", "what does {0} cost", "price of {0}", "how much does {0} cost"]),
    (["add", "sum", "plus", "calculator"], ["a", "b"],
     ["what is {0} plus {1}", "add {0} and {1}", "how much is {0} + {1}", "{0} + {1}", "calculate {0} plus {1}"]),
    (["population", "capital", "get_capital", "country_info"], ["country", "name"],
     ["what is the capital of {0}", "how many people live in {0}", "what is the population of {0}", "tell me about {0}"]),
    (["translate", "to_french"], ["text", "word", "phrase"],
     ["translate {0}", "how do you say {0}", "translate the word {0} please", "what is {0} in french"]),
    (["send", "notify", "send_message", "call", "email"], ["to", "name", "person"],
     ["send a message to {0}", "notify {0}", "call {0}", "write to {0}", "email {0}"]),
]
ANYTOOL = ["use {t} for {0}", "call {t} with {0}", "run {t} on {0}", "please {t} {0}", "{t} {0}", "what is the {t} of {0}",
           "what's the {t} of {0}", "give me the {t} for {0}", "i need the {t} of {0}", "can you {t} {0}", "{t} of {0} please"]


def value(numeric):
    if numeric:
        return str(R.randint(0, 99))
    r = R.random()
    w = name() if r < 0.35 else word().capitalize() if r < 0.6 else word()
    return w if R.random() < 0.8 else w + " " + (word().capitalize() if w[0].isupper() else word())


def skeleton(t):
    return json.dumps({"name": t["name"], "arguments": {p: 0 if t["numeric"] else "" for p in t["params"]}})


def call(t, args):
    return "<tool_call>" + json.dumps({"name": t["name"], "arguments": dict(zip(t["params"], args))}) + "</tool_call>"


def tool():
    if R.random() < 0.7:
        names, params, asks = R.choice(TOOLS)
        numeric = params == ["a", "b"]
        params = params if numeric else [R.choice(params)]
        return dict(name=R.choice(names), params=params, numeric=numeric, asks=asks)
    n = word() if R.random() < 0.6 else R.choice(["get_", "find_", "read_", "do_"]) + word()
    shown = n.split("_")[-1]
    return dict(name=n, params=[word()], numeric=False, asks=[a.replace("{t}", shown) for a in ANYTOOL])


def with_tools():
    """A dialogue with tools: their skeletons, and turns (role, text)."""
    tools = [tool() for _ in range(R.choice([1, 1, 1, 2, 2, 3]))]
    if len({t["name"] for t in tools}) < len(tools) or len({t["asks"][0] for t in tools}) < len(tools):
        tools = tools[:1]
    turns = []
    for _ in range(R.choice([1, 1, 1, 2])):
        if R.random() < 0.25:
            q, a = turn()
            if a not in (ANSWERS["unknown"], ANSWERS["weather"], ANSWERS["time"], ANSWERS["noname"]) and not a.startswith("Your name"):
                turns += [("user", noise(q, a, 0.1)), ("assistant", a)]
                continue
        t = R.choice(tools)
        args = [value(t["numeric"]) for _ in t["params"]]
        q = R.choice(t["asks"]).format(*args)
        q = q[:1].upper() + q[1:] if R.random() < 0.6 else q
        q += R.choice(["", "?", "?", "?", "."])
        made = [int(x) for x in args] if t["numeric"] else args
        turns += [("user", q), ("assistant", call(t, made))]
        if R.random() < 0.75:
            res = result()
            turns += [("tool", res), ("assistant", "The tool says: " + res)]
        else:
            break
    return [skeleton(t) for t in tools], turns


def result():
    r = R.random()
    if r < 0.15:
        return str(R.randint(0, 200))
    if r < 0.3:
        return json.dumps({word(): R.choice([word(), R.randint(0, 40)]) for _ in range(R.choice([1, 1, 2]))})
    if r < 0.5:
        return R.choice(["It is {w} in {n}.", "It is {w}, {d} degrees.", "{w}, {d} degrees", "{d} degrees and {w}", "{n} is {w}.",
                         "The {w} of {n} is {d}.", "{n}: {d}"]).format(w=word(), n=name(), d=R.randint(0, 40))
    s = " ".join(word() for _ in range(R.randint(1, 6)))
    return s[:1].upper() + s[1:] + R.choice(["", "."])


if __name__ == "__main__":
    for i in range(int(sys.argv[1])):
        if i % 5 == 4:
            skeletons, turns = with_tools()
            print("TOOLS:", skeletons)
            for role, text in turns:
                print(f"{role}: {text}")
        else:
            for q, a in dialogue():
                print("U:", q)
                print("A:", a)
        print()
