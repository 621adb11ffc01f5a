package tokens_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm/tokens"
)

// lines are examples of prose, source code, data and many scripts.
const lines = `The committee met again on Thursday; nobody, it seems, had read the minutes. "We'll vote," she said, "when they're ready."
func (s *Server) handle(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("parsing the form of %s: %w", r.URL.Path, err)
	}
	for i := 0; i < len(s.handlers); i++ { // XMLHttpRequest, snake_case_name
		s.handlers[i].ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), keyIndex, i)))
	}
}
{"id": "chatcmpl-9x2kQ", "created": 1718345013, "choices": [{"index": 0, "delta": {"content": "Hello"}, "logprobs": null}]}
Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. Le cœur déçu mais l'âme plutôt naïve. Él añadió: ¿qué pasó?
Съешь же ещё этих мягких французских булок, да выпей чаю. Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. Pchnąć w tę łódź jeża.
人人生而自由，在尊严和权利上一律平等。すべての人間は、生まれながらにして自由である。모든 인간은 태어날 때부터 자유로우며 존엄하다.
सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतंत्रता प्राप्त है। كل الناس أحرار متساوون في الكرامة والحقوق. מזון לכל אדם. คนเราเกิดมาอิสระ
| 2026-11-23 | 1,234.56 | 99.9 % | 0x7fff5fbff8a0 | a3f5c9e1-77b2-4c1d-9e0f-1b2c3d4e5f60 | 👍🏽🎉 🇩🇪 |
`

// mixedText returns 1 MB of these lines in random order. Each is followed by some words
// of o200k_base, with frequent words more often than rare ones. Like real text, and
// unlike repeated text, the words use all of the vocabulary's memory.
func mixedText() string {
	random := rand.New(rand.NewPCG(1, 2))
	e := tokens.O200kBase()
	word := rand.NewZipf(random, 1.1, 100, 199_997)
	all := strings.SplitAfter(lines, "\n")
	var text strings.Builder
	for text.Len() < 1<<20 {
		text.WriteString(all[random.IntN(len(all))])
		for range 20 {
			if token, err := e.Decode([]int{int(word.Uint64())}); err == nil && utf8.ValidString(token) {
				text.WriteString(token)
				if !strings.HasPrefix(token, " ") {
					text.WriteByte(' ')
				}
			}
		}
		text.WriteByte('\n')
	}
	return strings.ToValidUTF8(text.String()[:1<<20], "")
}

func BenchmarkCount(b *testing.B) {
	text := mixedText()
	for _, e := range embedded()[:2] {
		b.Run(e.Name(), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			count := 0
			for b.Loop() {
				count = e.Count(text)
			}
			b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mtok/s")
		})
	}
}

func BenchmarkCountReader(b *testing.B) {
	text := mixedText()
	for _, e := range embedded()[:2] {
		b.Run(e.Name(), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := e.CountReader(strings.NewReader(text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	text := mixedText()
	for _, e := range embedded()[:2] {
		b.Run(e.Name(), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			var ids []int
			for b.Loop() {
				ids = e.AppendEncode(ids[:0], text)
			}
		})
	}
}

func BenchmarkTruncate(b *testing.B) {
	text := mixedText()
	for _, e := range embedded()[:2] {
		b.Run(e.Name(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Truncate(text, 8192)
			}
		})
	}
}
