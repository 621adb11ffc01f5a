package texts

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Mixed returns 1,000,000 bytes of text in blocks of several kilobytes: 35 % English
// prose, 35 % Go, 10 % HTML, and 20 % other scripts and emoji. The result depends only on
// the release of Go.
func Mixed(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	goroot := strings.TrimSpace(string(out))
	var blocks []string
	for _, part := range []struct {
		pattern string
		bytes   int
	}{
		{"src/testdata/Isaac.Newton-Opticks.txt", 350_000},
		{"src/net/http/*.go", 350_000},
		{"doc/go_spec.html", 100_000},
	} {
		text, err := concatenate(filepath.Join(goroot, part.pattern), part.bytes)
		if err != nil {
			return "", err
		}
		blocks = append(blocks, cut(text, 4000)...)
	}
	random := rand.New(rand.NewPCG(1, 0))
	blocks = append(blocks, cut(foreign(random, 200_000), 1000)...)
	random.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	return strings.Join(blocks, ""), nil
}

// concatenate returns the first bytes of the files that match a pattern.
func concatenate(pattern string, bytes int) (string, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	slices.Sort(paths)
	var all []byte
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		if all = append(all, data...); len(all) >= bytes {
			return strings.ToValidUTF8(string(all[:bytes]), "?"), nil
		}
	}
	return "", fmt.Errorf("%s has %d bytes, want %d", pattern, len(all), bytes)
}

// cut divides a text between characters into blocks of at least the given number of
// bytes.
func cut(text string, bytes int) []string {
	var blocks []string
	for len(text) > bytes {
		n := bytes
		for !utf8.RuneStart(text[n]) {
			n++
		}
		blocks, text = append(blocks, text[:n]), text[n:]
	}
	return append(blocks, text)
}

// sentences are everyday sentences in scripts that tokenizers treat differently.
var sentences = []string{
	"今天早上下雨了，所以我坐公共汽车去上班。", "请把这份报告翻译成英文，然后发给所有的同事。", "这家饭店的菜很好吃，价格也不贵，我们下个星期再来吧！", "如果明天天气好，孩子们就去公园里放风筝。",
	"昨日は友達と一緒に映画を見てから、駅前のレストランで晩ご飯を食べました。", "この問題を解決するには、まずデータを正しく整理する必要があります。", "コンピューターの電源を入れて、少々お待ちください。",
	"오늘은 날씨가 맑아서 친구와 함께 한강 공원을 산책했습니다.", "이 문서를 요약해서 중요한 내용만 알려 주세요.", "회의는 오후 세 시에 시작하니까 늦지 마세요.",
	"Вчера вечером мы долго гуляли по набережной и говорили о будущем.", "Пожалуйста, проверьте этот текст и исправьте все ошибки.", "Поезд отправляется в восемь часов утра с третьей платформы.",
	"Σήμερα ο καιρός είναι καλός και τα παιδιά παίζουν στην αυλή.", "Η βιβλιοθήκη ανοίγει στις εννέα το πρωί.",
	"ذهبت إلى السوق صباحا واشتريت الخبز والفواكه لأهلي.", "من فضلك اكتب رسالة قصيرة إلى المدير.", "מחר בבוקר ניסע לים ונחזור לפני השקיעה.",
	"आज बाज़ार में बहुत भीड़ थी, इसलिए हम जल्दी घर लौट आए।", "कृपया इस वाक्य का अनुवाद हिन्दी में कीजिए।", "พรุ่งนี้ฉันจะไปเยี่ยมคุณยายที่ต่างจังหวัด",
	"Gestern hätten wir fast den Zug verpaßt, weil die Straße gesperrt war.", "L'été dernier, j'ai visité un château où l'on fabriquait du verre.", "¿Cuántos años tiene tu hermana pequeña? ¡Qué niña más simpática!",
	"Tối nay chúng tôi sẽ nấu phở và mời hàng xóm sang ăn.", "Dün akşam İstanbul'da yağmur yağıyordu.", "Żółta łódź płynęła spokojnie wzdłuż brzegu rzeki.",
	"😀 👍🏽 🎉🎉", "👩‍💻 → 👨‍👩‍👧‍👦 ❤️", "🇩🇪 🇯🇵 🇧🇷 ✈️", "🤔😂🙏 ✅ 100 %",
}

// foreign returns the given number of bytes of random sentences.
func foreign(random *rand.Rand, bytes int) string {
	var b strings.Builder
	for b.Len() < bytes {
		b.WriteString(sentences[random.IntN(len(sentences))])
		b.WriteString([]string{" ", "", "\n", "\n\n"}[random.IntN(4)])
	}
	text := b.String()[:bytes]
	return strings.ToValidUTF8(text, "")
}
