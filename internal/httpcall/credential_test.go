package httpcall

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// A key is often copied with the text around it. Servers answer with a bare 401 then.
func TestTextAroundAKeyIsReported(t *testing.T) {
	c := client(t, inMemory(t, func(http.ResponseWriter, *http.Request) { t.Error("the request was sent") }), llm.Limits{})
	for _, tt := range []struct{ key, want string }{
		{"Bearer " + secret, `the credential begins with "Bearer", which is a part of the header: set the key alone`},
		{"bearer " + secret, `the credential begins with "bearer"`},
		{"Bearer", `the credential begins with "Bearer"`},
		{"Authorization: Bearer " + secret, `the credential begins with "Authorization:"`},
		{`"` + secret + `"`, "the credential has quotes around it: remove them"},
		{"'" + secret + "'", "the credential has quotes around it"},
		{"“" + secret + "”", "the credential has quotes around it"},
		{`"` + secret, "the credential has quotes around it"},
		{" " + secret, "the credential begins or ends with a space"},
		{secret + "\n", "the credential contains a line break"},
	} {
		source, isKey := Credential(llm.Secret(tt.key), nil)
		if !isKey {
			t.Fatal("the key is not a key")
		}
		_, err := c.Token(t.Context(), &llm.Call{Model: "m", Op: llm.OpChat}, source)
		e, ok := errors.AsType[*llm.Error](err)
		if !ok || e.Kind != llm.Auth || !strings.HasPrefix(e.Message, tt.want) {
			t.Errorf("the error is %v, want %s", err, tt.want)
			continue
		}
		mustHide(t, e)
	}
	for _, key := range []string{secret, "a", "bearers-key", "key with a space", "Bearer-less"} {
		token, err := c.Token(t.Context(), &llm.Call{}, func(context.Context) (string, error) { return key, nil })
		if token != key || err != nil {
			t.Errorf("the credential %q became %q, %v", key, token, err)
		}
	}
}
