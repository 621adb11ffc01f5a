package httpcall

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode"

	"github.com/parley-llm/parley/llm"
)

// TokenSource returns the credential for one request. It must be safe for concurrent use.
type TokenSource = func(ctx context.Context) (string, error)

// Credential returns the source of a provider's credential: the given source if it is not
// nil, otherwise a source that returns the key. If there is neither, it returns nil. isKey
// reports whether the credential is the key.
func Credential(key llm.Secret, source TokenSource) (_ TokenSource, isKey bool) {
	if source != nil || key == "" {
		return source, false
	}
	return func(context.Context) (string, error) { return string(key), nil }, true
}

// Token returns the credential for a call. If the source fails, Token returns an error of the
// same kind, or of kind [llm.Auth] if the source's error has no kind.
func (c *Client) Token(ctx context.Context, call *llm.Call, source TokenSource) (string, error) {
	token, err := source(ctx)
	return c.checkToken(ctx, call, token, err)
}

// checkToken returns the token that a source returned, or the error of [Client.Token].
func (c *Client) checkToken(ctx context.Context, call *llm.Call, token string, err error) (string, error) {
	if err == nil {
		if problem := keyProblem(token); problem != "" {
			return "", &llm.Error{Kind: llm.Auth, Provider: c.provider, Model: call.Model, Op: call.Op, Message: problem}
		}
		return token, nil
	}
	kind := llm.KindOf(err)
	switch ended := ctx.Err(); {
	case ended != nil && errors.Is(err, ended): // the context's cause, if it has one, is more exact
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
		Message: "the token source failed: " + err.Error(), Err: err,
	}
}

// keyProblem describes a mistake in a credential: text around it that the user copied with
// it. It returns "" if there is none. Security: the text does not show the credential.
func keyProblem(token string) string {
	first, _, _ := strings.Cut(token, " ")
	switch {
	case strings.ContainsFunc(token, unicode.IsControl):
		return "the credential contains a line break or another control character: remove it, for example with strings.TrimSpace if the credential is read from a file"
	case strings.TrimSpace(token) != token:
		return "the credential begins or ends with a space: remove it"
	case strings.EqualFold(first, "bearer") || strings.HasPrefix(strings.ToLower(token), "authorization:"):
		return "the credential begins with \"" + first + "\", which is a part of the header: set the key alone"
	case strings.ContainsAny(token[:min(1, len(token))], "\"'`") || strings.ContainsRune(token, '“'):
		return "the credential has quotes around it: remove them"
	}
	return ""
}

// HeaderSecrets returns the credentials in the headers for which [HoldsCredential] is true:
// each value, and each word of it, so that the token after "Bearer " and the values of
// cookies are included.
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

// ShownHeader returns a copy of the headers for display. Security: the values of headers that
// hold credentials are replaced with "[secret]".
func ShownHeader(header http.Header) http.Header {
	shown := header.Clone()
	for name := range shown {
		if HoldsCredential(name) {
			shown[name] = []string{"[secret]"}
		}
	}
	return shown
}

// HoldsCredential reports whether a header or URL parameter of this name holds a credential:
// for example Authorization, X-Api-Key, Cookie, key, access_token, Cf-Access-Jwt-Assertion,
// X-Amz-Signature. Rate limit headers, such as X-Ratelimit-Limit-Tokens, do not.
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
