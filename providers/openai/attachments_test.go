package openai

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

func TestAttachmentsReplaceTheirPlaceholders(t *testing.T) {
	var a attachments
	first, second := a.add([]byte{1, 2}), a.addURL("image/png", []byte("three"))
	unused := a.add([]byte("unused"))
	for name, tt := range map[string]struct{ body, want string }{
		"none":                   {`{"a":1}`, `{"a":1}`},
		"empty":                  {``, ``},
		"one":                    {`{"a":"` + first + `"}`, `{"a":"AQI="}`},
		"a data URL":             {`["` + second + `"]`, `["data:image/png;base64,dGhyZWU="]`},
		"both, in another order": {`["` + second + `","` + first + `"]`, `["data:image/png;base64,dGhyZWU=","AQI="]`},
		"one twice":              {first + first, `AQI=AQI=`},
		"a text like one":        {`parley_` + unused[len("parley_")+1:], `parley_` + unused[len("parley_")+1:]},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(a.insert([]byte(tt.body))); got != tt.want {
				t.Errorf("the body is %s, want %s", got, tt.want)
			}
			if got := a.insertString(tt.body); got != tt.want {
				t.Errorf("the string is %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAttachmentsUseOneAllocationOfTheExactSize(t *testing.T) {
	var a attachments
	body := []byte(`["` + a.add(make([]byte, 1000)) + `","` + a.add(make([]byte, 1001)) + `"]`)
	got := a.insert(body)
	if want := len(`["",""]`) + 2*base64.StdEncoding.EncodedLen(1001); len(got) != want || cap(got)-len(got) > want/10 {
		t.Errorf("the body has %d bytes and a capacity of %d, want %d", len(got), cap(got), want)
	}
}

func TestAttachmentsOfNoRequestChangeNothing(t *testing.T) {
	var a attachments
	body := []byte(`{"a":"parley_X_0_"}`)
	if got := a.insert(body); string(got) != string(body) {
		t.Errorf("the body is %s, want %s", got, body)
	}
}

// FuzzAttachments compares bodies with those that encoding/json makes of the same data.
func FuzzAttachments(f *testing.F) {
	f.Add([]byte("\x89PNG\r\n\x1a\n"), []byte{}, "a text", "image/png")
	f.Add([]byte{0}, []byte("1"), "parley_A_0_", "")
	f.Add([]byte("<"), []byte(">"), `"\u2028`, `a"b;base64,`)
	f.Fuzz(func(t *testing.T, x, y []byte, text, mediaType string) {
		var a attachments
		if mediaType == "" {
			mediaType = "image/png" // no detection, so that the other side is simple
		}
		got, err := json.Marshal([]string{a.add(x), text, a.addURL(mediaType, y)})
		if err != nil {
			t.Fatal(err)
		}
		encode := base64.StdEncoding.EncodeToString
		want, err := json.Marshal([]string{encode(x), text, "data:" + mediaType + ";base64," + encode(y)})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.insert(got); string(got) != string(want) {
			t.Errorf("the body is %s, want %s", got, want)
		}
		if strings.Contains(string(a.insert(got)), a.mark) {
			t.Error("the body contains a placeholder")
		}
	})
}
