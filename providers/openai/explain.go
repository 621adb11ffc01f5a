package openai

import (
	"regexp"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// explain adds the URL and a suggestion to the error for a path that the server does not
// have. The commonest cause is a base URL without /v1. The error must not have been returned
// to a caller yet.
//
// Security: the user and the query of the URL are not shown, because they can contain
// credentials.
func (p *Provider) explain(call *llm.Call, path string, err error) error {
	e, ok := err.(*llm.Error)
	if ok && path == chatPath {
		explainTools(e)
	}
	if !ok || p.config.BaseURL == "" || !provider.IsPathError(e, path, call.Model) {
		return err
	}
	model := call.Model
	if path == modelsPath {
		model = "" // which the URL does not contain
	}
	e.Message += "; the URL is " + httpcall.ShownURL(p.url(path, model)) + ": " + p.otherBaseURL()
	return e
}

// apiPath matches a path of the API at the end of a base URL, and version matches a version.
var (
	apiPath = regexp.MustCompile(`/(chat/completions|completions|embeddings|models|responses)$`)
	version = regexp.MustCompile(`/v\d`)
)

// otherBaseURL suggests a base URL that may be right.
func (p *Provider) otherBaseURL() string {
	base := httpcall.ShownURL(p.baseURL)
	switch {
	case p.config.Server == Azure:
		return "check the base URL and the API version"
	case apiPath.MatchString(base):
		return "the base URL must not contain the path of the API; use " + apiPath.ReplaceAllString(base, "")
	case !version.MatchString(base):
		return "the base URL of most servers ends in /v1; try " + base + "/v1"
	}
	return "check the path of the base URL"
}
