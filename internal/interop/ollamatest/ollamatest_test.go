package ollamatest

import (
	"strings"
	"testing"
)

func TestAddressIsFoundInTheLog(t *testing.T) {
	log := newServerLog()
	parts := []string{
		"level=INFO msg=\"server config\" env=\"map[OLLAMA_HOST:http://127.0.0.1:0 ",
		"OLLAMA_MODELS:/m]\"\nlevel=INFO msg=\"Listening on 127.0.0.1:4",
		"0123 (version 0.0.0)\"\n",
		"msg=\"Listening on 127.0.0.1:1 (version 0.0.0)\"\n",
	}
	for i, part := range parts {
		if n, err := log.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("Write: %d, %v, want %d and no error", n, err, len(part))
		}
		if i < 2 && len(log.address) != 0 {
			t.Errorf("an address is found after part %d of the log, before it is complete", i+1)
		}
	}
	if got := <-log.address; got != "127.0.0.1:40123" {
		t.Errorf("address %s, want 127.0.0.1:40123", got)
	}
	if len(log.address) != 0 {
		t.Error("a second address is found")
	}
	if got := string(log.since(len(parts[0]))); got != strings.Join(parts[1:], "") {
		t.Errorf("the log after its first part is %q", got)
	}
}

func TestCreatingAModelSucceedsOnlyWhenTheServerSaysSo(t *testing.T) {
	for name, test := range map[string]struct {
		progress string
		want     string // part of the error
	}{
		"success":           {"{\"status\":\"parsing GGUF\"}\n{\"status\":\"success\"}\n", ""},
		"error on 200":      {"{\"status\":\"parsing GGUF\"}\n{\"error\":\"invalid file magic\"}\n", "invalid file magic"},
		"cut off":           {"{\"status\":\"parsing GGUF\"}\n", `"parsing GGUF"`},
		"nothing":           {"", `""`},
		"not JSON":          {"oops\n", "oops"},
		"error, then a lie": {"{\"error\":\"disk full\"}\n{\"status\":\"success\"}\n", "disk full"},
	} {
		t.Run(name, func(t *testing.T) {
			err := finished([]byte(test.progress))
			if test.want == "" {
				if err != nil {
					t.Errorf("error %v, want none", err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %s", err, test.want)
			}
		})
	}
}
