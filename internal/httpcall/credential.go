package httpcall

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode"

	"github.com/parley-llm/parley/llm"
)

// TokenSource returns the credential for one request.
type TokenSource = func(ctx context.Context) (string, error)

// Credential returns the source of a provider's credential: the given source, or the key if
// the source is nil, or nil if there is neither. isKey reports whether it is the key.
func Credential(key llm.Secret, source TokenSource) (_ TokenSource, isKey bool) {
	if source != nil || key == "" {
		return source, false
	}
	return func(context.Context) (string, error) { return string(key), nil }, true
}

// Token returns the credential of the source for a call. If the source fails, the error has
// the kind of the source's error if that is an [*llm.Error], and otherwise [llm.Auth].
func (c *Client) Token(ctx context.Context, call *llm.Call, source TokenSource) (string, error) {
	token, err := source(ctx)
	if err == nil {
		if i := strings.IndexFunc(token, unicode.IsControl); i >= 0 {
			return "", &llm.Error{
				Kind: llm.Auth, Provider: c.provider, Model: call.Model, Op: call.Op,
				Message: "the credential has a line break or another control character in it; was it read from a file?",
			}
		}
		return token, nil
	}
	kind := llm.KindOf(err)
	switch ended := ctx.Err(); {
	case ended != nil && errors.Is(err, ended): // by its caller, or a limit around, who may have said why
		err = llm.FromContext(ctx)
		kind = llm.KindOf(err)
	case kind != "":
	case errors.Is(err, context.Canceled):
		kind = llm.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		kind = llm.Timeout
	default:
		kind = llm.Auth
	}
	return "", &llm.Error{
		Kind: kind, Provider: c.provider, Model: call.Model, Op: call.Op,
		Message: "the token source gave no token: " + err.Error(), Err: err,
	}
}

// HeaderSecrets returns the credentials in the headers that hold one by their name: the value,
// and the part of it after a scheme, for example "Bearer …", or after a cookie's name.
func HeaderSecrets(header http.Header) Secrets {
	var secrets Secrets
	for name, values := range header {
		if HoldsCredential(name) {
			for _, value := range values {
				secrets = append(secrets, value)
				secrets = append(secrets, strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" =;,", r) })...)
			}
		}
	}
	return secrets
}

// ShownHeader returns the headers without credentials, for messages.
func ShownHeader(header http.Header) http.Header {
	shown := header.Clone()
	for name := range shown {
		if HoldsCredential(name) {
			shown[name] = []string{"[secret]"}
		}
	}
	return shown
}

// HoldsCredential reports whether a header or URL parameter holds a credential, by its name.
// Examples are Authorization, X-Api-Key, Cookie, key, access_token, Cf-Access-Jwt-Assertion
// and X-Amz-Signature. Headers about token limits do not.
func HoldsCredential(name string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "tokens", "")
	return name == "sig" || !strings.Contains(name, "ratelimit") &&
		containsAny(name, "auth", "cookie", "key", "token", "secret", "password", "credential", "signature", "assertion")
}

func containsAny(text string, words ...string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
