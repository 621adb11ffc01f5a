package split

import (
	"strings"
	"testing"
)

// samples are texts of one kind each, repeated to about 100 KB.
var samples = []struct{ name, text string }{
	{"English", "It isn't the first time that the committee has met in the old town hall, on 14 March 2019; nobody's surprised, and they've brought their own chairs (all 35 of them).\nThe weather was fine.\n\n"},
	{"Go", "func (s *Server) Serve(l net.Listener) error {\n\tfor i := 0; i < len(s.conns); i++ {\n\t\tif err := s.conns[i].Close(); err != nil {\n\t\t\treturn fmt.Errorf(\"closing conn %d: %w\", i, err)\n\t\t}\n\t}\n\treturn nil\n}\n"},
	{"JSON", "{\"id\": 10482, \"name\": \"Ada\", \"tags\": [\"a\", \"b\"], \"score\": 3.14159, \"ok\": true, \"next\": null},\n"},
	{"German", "Für die Prüfung müssen alle Übungen bis Freitag abgegeben werden; spätere Lösungen zählen höchstens zur Hälfte.\n"},
	{"Russian", "Сегодня утром мы вышли из дома рано, чтобы успеть на первый поезд до Москвы, но он опоздал на 20 минут.\n"},
	{"Chinese", "今天早上我们很早就出门了，想赶上去北京的第一班火车，可是它晚点了二十分钟。\n"},
	{"Japanese", "今朝は始発の電車に乗るために早く家を出ましたが、二十分も遅れてしまいました。\n"},
	{"Korean", "오늘 아침 우리는 서울로 가는 첫 기차를 타려고 일찍 집을 나섰지만 이십 분이나 늦었다.\n"},
	{"Hindi", "आज सुबह हम पहली रेलगाड़ी पकड़ने के लिए घर से जल्दी निकले, लेकिन वह बीस मिनट देर से आई।\n"},
	{"Arabic", "خرجنا من البيت باكرا هذا الصباح لنلحق بالقطار الأول، لكنه تأخر عشرين دقيقة.\n"},
	{"Emoji", "👍🏽 great 🎉🎉🎉 see you 👨‍👩‍👧 at 🏖️!\n"},
	{"Letter", "a"},
	{"Hangul", "가"},
	{"Spaces", " "},
	{"Lines", "\n"},
}

func BenchmarkPatterns(b *testing.B) {
	patterns := []struct {
		name string
		Pattern
	}{
		{"CL100k", CL100k}, {"O200k", O200k}, {"GPT2", GPT2}, {"Qwen2", Qwen2}, {"Tekken", Tekken},
		{"DeepSeek3", DeepSeek3}, {"KimiK2", KimiK2}, {"LlamaCppO200k", LlamaCppO200k},
	}
	for _, p := range patterns {
		for _, sample := range samples {
			text := strings.Repeat(sample.text, 100_000/len(sample.text))
			b.Run(p.name+"/"+sample.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					for i := 0; i < len(text); {
						i += p.Pattern(text[i:])
					}
				}
			})
		}
	}
}
