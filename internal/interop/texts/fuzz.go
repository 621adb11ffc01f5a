package texts

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Fuzzer makes random texts in valid UTF-8: with characters of every script, text that
// pre-tokenizers treat specially, long runs, and mixtures of these. The same seed makes
// the same texts.
type Fuzzer struct {
	random  *rand.Rand
	special []string
	tokens  []string
}

// NewFuzzer returns a Fuzzer for an encoding. special are the names of its special
// tokens, and tokens are some of its other tokens. The texts contain both, complete and
// damaged.
func NewFuzzer(seed uint64, special, tokens []string) *Fuzzer {
	return &Fuzzer{random: rand.New(rand.NewPCG(seed, 0)), special: special, tokens: tokens}
}

// longestRun limits the repetition of a character, because the time of npm's tiktoken
// grows with the square of the length.
const longestRun = 300

// words are the words of the texts. Many of them are special cases of splitters.
var words = strings.Fields(`
	the The THE of and a I hello Hello HELLO world tokens counting internationalization antidisestablishmentarianism
	helloWorld HelloWorld XMLHttpRequest iPhone eBay McDonald getHTTPResponseCode snake_case kebab-case SCREAMING_SNAKE __init__ x2y
	don't DON'T Don't we'll WE'LL you're YOU'RE they've THEY'VE I'm I'M he'd HE'D it's IT'S o'clock rock'n'roll 'tis 'Twas '' 's 'S 't 'T
	're 'RE 'Re 'rE 've 'VE 'm 'M 'll 'LL 'lL 'd 'D 'ſ 'ſs 'x ’s ’t ’re ‘s l’été qu'il dell'arte
	0 1 12 123 1234 12345 1234567890 3.14159 1,234.56 1e-9 0x1F 0b1010 ½ Ⅷ ²³ ① １２３ ٣٤٥ ۱۲۳ १२३ 一二三 𝟙𝟚𝟛 10% $5 €7 £3 #1
	!= == === -> => :: ... --- +++ /* */ // /// \\ {} [] () <> <= >= && || ?: ;; "" '' @# $$ %% ^^ ~~ !!! ??? !? http://x.y/z?a=b&c#d a@b.c
	привет Привет ПРИВЕТ мир ёлка їжак Ελλάδα ΑΒΓ αβγ ς café CAFÉ naïve Straße STRASSE ẞ İstanbul ıspanak Ǆ ǅ ǆ ǅungla ŉ ﬁne ﬃ ªº ʰʲ ˈa ＷＩＤＥ ｆｕｌｌ
	中文 汉字 漢字 日本語 ひらがな カタカナ ｶﾀｶﾅ 한국어 가나다 안녕하세요 ㄱㄴㄷ 𠀀𠀁 ไทย ภาษาไทย ລາວ မြန်မာ ខ្មែរ हिन्दी नमस्ते தமிழ் తెలుగు മലയാളം বাংলা ਪੰਜਾਬੀ සිංහල བོད་
	العربية مُحَمَّد ﷽ فارسی اردو עברית שָׁלוֹם ქართული ᲥᲐᲠᲗ հայերեն አማርኛ ᏣᎳᎩ ᐃᓄᒃᑎᑐᑦ ᠮᠣᠩᠭᠣᠯ ⵜⴰⵎⴰ ߒߞߏ 𐌰𐌱 𐐀𐐨 𓀀 𒀀
	😀 😂🤣 👍🏽 👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 🇺🇸🇯🇵 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️ ☺︎ 1️⃣ #️⃣ ✅ ™ © ∑∫√ ←→ ░▒▓ ♜ ﷲ
	if(x){return; func main() #include <div class="a"> </div> SELECT * print(f"{x!r}") \n \t \u0041 %d \begin{x} &nbsp;`)

// marks are separators of words, and characters that change the class of a neighbor.
var marks = []string{
	" ", "  ", "   ", "    ", "        ", "\t", "\t\t", " \t", "\t ", "\n", "\n\n", "\n\n\n", "\r\n", "\r\n\r\n", "\r", "\r\r\n", "\n\r",
	" \n", "\n ", " \n ", "  \n\n  ", " \r\n ", "\n\t", "\t\n", " \n \n", "\v", "\f", "\u0085", "\u00a0", "\u00a0 ", "\u1680", "\u2003", "\u2009",
	"\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u180e", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad",
	"\x00", "\x01", "\x08", "\x1b[31m", "\x1c", "\x1d", "\x1e", "\x1f", "\x7f", "\u0080", "\u009f",
	"\u0301", "e\u0301", "E\u0301", "\u0308\u0301", "\u0345", "\u0488", "\u093f", "\u094d", "\u0e33", "\u20dd", "\u20e3", "\u1ab0", "\u0653", "\ua66f",
	"\ufe0e", "\ufe0f", "\U000e0100", "\U000e0041", "\u202e", "\u2066", "\ufffd", "\ufffe", "\uffff", "\ue000", "\U000f0000", "\U0010ffff", "\u0378",
	"'", "’", "\"", "/", "\n/", "/\n", "//\n", "!\n", "!\r\n", ".\n\n", ",\n", ")\n", " /", "-", "_", ".", ",", "…", "—", " '", "' ", "'\n",
}

// Text returns a text of about ten to several thousand characters.
func (f *Fuzzer) Text() string {
	n := 1 + f.random.IntN(8)
	switch f.random.IntN(100) {
	case 0:
		n = 200
	case 1, 2, 3, 4, 5:
		n = 50
	}
	// Most texts use one script and repeat something.
	script := f.table()
	var b strings.Builder
	switch f.random.IntN(9) {
	case 0:
		for range 2 * n {
			b.WriteRune(f.anyRune())
		}
	case 1:
		for range 3 * n {
			b.WriteRune(f.from(script))
		}
	case 2:
		for range n {
			b.WriteString(f.pick(marks))
		}
	case 3:
		for range n {
			b.WriteString(f.pick(words))
			b.WriteString(f.pick(marks))
		}
	case 4:
		for range n {
			b.WriteByte(byte(f.random.IntN(0x80)))
			b.WriteByte("aAzZ09 \n'._-(s/"[f.random.IntN(15)])
		}
	case 5:
		for range n {
			b.WriteString(f.token())
		}
	default:
		for range n {
			b.WriteString(f.part(script))
		}
	}
	return b.String()
}

// token returns a token or a part of one.
func (f *Fuzzer) token() string {
	if len(f.tokens) == 0 {
		return f.letters()
	}
	token := []rune(f.pick(f.tokens))
	switch n := f.random.IntN(len(token) + 1); f.random.IntN(6) {
	case 0:
		return string(token[:n])
	case 1:
		return string(token[n:])
	default:
		return string(token)
	}
}

// part returns a piece of text of a random kind.
func (f *Fuzzer) part(script *unicode.RangeTable) string {
	switch f.random.IntN(16) {
	case 0:
		return string(f.anyRune())
	case 1:
		return f.run(script)
	case 2:
		return f.specialName()
	case 3:
		return f.letters()
	case 4, 5:
		return string(f.from(script)) + string(f.from(script))
	case 6, 7, 8:
		return f.pick(marks)
	case 9:
		return " " + f.recased(f.pick(words))
	case 10:
		return f.recased(f.pick(words))
	case 11:
		return f.pick(words) + f.pick(words)
	default:
		return f.pick(words) + " "
	}
}

// run returns a repeated character, mark or word. Long runs are rare.
func (f *Fuzzer) run(script *unicode.RangeTable) string {
	n := 2 + f.random.IntN(20)
	if f.random.IntN(10) == 0 {
		n = longestRun - f.random.IntN(longestRun/2)
	}
	switch f.random.IntN(5) {
	case 0:
		return strings.Repeat(string(f.anyRune()), n)
	case 1:
		return strings.Repeat(string(f.from(script)), n)
	case 2:
		return strings.Repeat(f.pick(marks), n/2+1)
	case 3:
		return strings.Repeat(f.pick([]string{" ", "\n", "\t", "a", "A", "0", ".", "=", "-", "가", "😀", "\u0301", "\r\n"}), n)
	default:
		return strings.Repeat(f.pick(words), n/8+1)
	}
}

// letters returns a random word in ASCII. Such words are merged in unusual ways.
func (f *Fuzzer) letters() string {
	const small, all = "etaoinshrdlu", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	from := f.pick([]string{small, all, all[:26], all[26:], "ab", "01"})
	b := make([]byte, 1+f.random.IntN(24))
	for i := range b {
		b[i] = from[f.random.IntN(len(from))]
	}
	return string(b)
}

// specialName returns the name of a special token, or similar text.
func (f *Fuzzer) specialName() string {
	name := "<|im_start|>"
	if len(f.special) > 0 {
		name = f.pick(f.special)
	}
	switch f.random.IntN(6) {
	case 0:
		return name[:f.random.IntN(len(name))]
	case 1:
		return name[f.random.IntN(len(name)):]
	case 2:
		return "<" + name + ">"
	case 3:
		return strings.ToUpper(name)
	default:
		return name
	}
}

// recased returns the word with a random change of case.
func (f *Fuzzer) recased(word string) string {
	switch f.random.IntN(4) {
	case 0:
		return strings.ToUpper(word)
	case 1:
		return strings.ToLower(word)
	case 2:
		return strings.Map(func(r rune) rune {
			if f.random.IntN(2) == 0 {
				return unicode.ToUpper(r)
			}
			return unicode.ToLower(r)
		}, word)
	default:
		return word
	}
}

func (f *Fuzzer) pick(list []string) string { return list[f.random.IntN(len(list))] }

// tables are the scripts, categories and properties of Unicode in a fixed order.
var tables = func() []*unicode.RangeTable {
	var all []*unicode.RangeTable
	for _, m := range []map[string]*unicode.RangeTable{unicode.Scripts, unicode.Categories, unicode.Properties} {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			// The category Cs (surrogates) cannot be encoded in UTF-8.
			if name != "Cs" {
				all = append(all, m[name])
			}
		}
	}
	return all
}()

func (f *Fuzzer) table() *unicode.RangeTable { return tables[f.random.IntN(len(tables))] }

// anyRune returns a random character. All lengths in UTF-8 are equally likely.
func (f *Fuzzer) anyRune() rune {
	limits := []int{0x80, 0x800, 0x10000, 0x110000}
	switch n := f.random.IntN(8); {
	case n < len(limits):
		for {
			if r := rune(f.random.IntN(limits[n])); utf8.ValidRune(r) {
				return r
			}
		}
	default:
		return f.from(f.table())
	}
}

// from returns a random character from a random range of a table.
func (f *Fuzzer) from(t *unicode.RangeTable) rune {
	for {
		var r rune
		if i := f.random.IntN(len(t.R16) + len(t.R32)); i < len(t.R16) {
			of := t.R16[i]
			r = rune(of.Lo) + rune(of.Stride)*f.random.Int32N(int32((of.Hi-of.Lo)/of.Stride)+1)
		} else {
			of := t.R32[i-len(t.R16)]
			r = rune(of.Lo + of.Stride*f.random.Uint32N((of.Hi-of.Lo)/of.Stride+1))
		}
		if utf8.ValidRune(r) {
			return r
		}
	}
}
