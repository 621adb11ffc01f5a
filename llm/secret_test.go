package llm_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

const password = "hunter2"

// hides fails the test if out shows the password as text, in hexadecimal or as bytes.
func hides(t *testing.T, how, out string) {
	t.Helper()
	for _, form := range []string{password, fmt.Sprintf("%x", password), fmt.Sprintf("%X", password), fmt.Sprintf("% x", password), strings.Trim(fmt.Sprint([]byte(password)), "[]")} {
		if strings.Contains(out, form) {
			t.Errorf("%s shows the secret: %s", how, out)
		}
	}
	if !strings.Contains(out, "[secret]") {
		t.Errorf("%s gives %q, want [secret] in it", how, out)
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	secret := llm.Secret(password)
	type config struct {
		Key  llm.Secret
		Keys []llm.Secret
		By   map[string]llm.Secret
	}
	holder := config{secret, []llm.Secret{secret}, map[string]llm.Secret{"a": secret}}
	for _, verb := range []string{"v", "+v", "#v", "s", "q", "#q", "x", "X", "#x", " x", "d", "b", "o", "O", "t", "c", "U", "e", "f", "g", "20s", "-20v", ".99s", "y"} {
		for _, value := range []any{secret, &holder.Keys, holder, &holder, []any{secret}, map[llm.Secret]int{secret: 1}} {
			hides(t, fmt.Sprintf("%%%s of a %T", verb, value), fmt.Sprintf("%"+verb, value))
		}
	}
	hides(t, "Println", fmt.Sprintln("key:", secret))
	tooMany := []any{"key", secret}
	hides(t, "an argument without a verb", fmt.Sprintf("%s", tooMany...))
	hides(t, "String", secret.String())
	hides(t, "GoString", secret.GoString())
	hides(t, "concatenation of String", "key="+secret.String())

	data, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "JSON", `{"Key":"[secret]","Keys":["[secret]"],"By":{"a":"[secret]"}}`, string(data))
	data, err = xml.Marshal(struct {
		XMLName xml.Name `xml:"c"`
		Key     llm.Secret
		Attr    llm.Secret `xml:",attr"`
	}{Key: secret, Attr: secret})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "XML", `<c Attr="[secret]"><Key>[secret]</Key></c>`, string(data))

	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		log.Reset()
		logger := slog.New(handler)
		logger.Info("start", "key", secret)
		logger.With("key", secret).Info("start")
		logger.Info("start", "config", holder, "key", &secret)
		for line := range strings.Lines(log.String()) {
			hides(t, fmt.Sprintf("a log line of %T", handler), line)
		}
	}
}

func TestSecretWidthAndEmptiness(t *testing.T) {
	check(t, "width", "|  [secret]|", fmt.Sprintf("|%10s|", llm.Secret(password)))
	check(t, "quoted", `"[secret]"`, fmt.Sprintf("%q", llm.Secret(password)))
	check(t, "no secret", "", fmt.Sprint(llm.Secret("")))
	check(t, "no secret, quoted", `""`, fmt.Sprintf("%q", llm.Secret("")))
	check(t, "value", password, string(llm.Secret(password)))
	var read struct{ Key llm.Secret }
	if err := json.Unmarshal([]byte(`{"Key":"hunter2"}`), &read); err != nil {
		t.Fatal(err)
	}
	check(t, "value read from JSON", password, string(read.Key))
}
