package openai

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// Paths of the API, below the base URL.
const (
	chatPath   = "/chat/completions"
	embedPath  = "/embeddings"
	modelsPath = "/models"
)

// azureV1 is the path of Azure's API without versions:
// https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
const azureV1 = "/openai/v1"

// url returns the URL of a path of the API. The model is part of the URL only in Azure's
// API by deployments. An empty model means a path that belongs to no deployment, for
// example the list of models.
//
//	OpenAI and others     BASE/chat/completions
//	Azure v1              BASE/openai/v1/chat/completions
//	Azure by deployments  BASE/openai/deployments/MODEL/chat/completions?api-version=VERSION
//	                      BASE/openai/models?api-version=VERSION
//
// The base URL has been parsed by New and has no slash at its end. Paths are appended and
// not joined with [url.JoinPath], because that would rewrite a base URL with an escaped
// slash.
func (p *Provider) url(path, model string) string {
	switch {
	case p.config.Server != Azure:
	case !p.byDeployment():
		path = azureV1 + path
	case model != "":
		path = "/openai/deployments/" + url.PathEscape(model) + path
	default:
		path = "/openai" + path
	}
	if p.query == "" {
		return p.baseURL + path
	}
	return p.baseURL + path + "?" + p.query
}

// targetPath matches the path of the URI that Azure shows for a deployment.
var targetPath = regexp.MustCompile(`(?i)/openai(/deployments/[^/]+)?(/v1)?(/(chat/completions|embeddings|responses))?$`)

// setAddress sets the base URL, and the query from it and from the settings.
func (p *Provider) setAddress(base string) error {
	base, encoded, _ := strings.Cut(base, "?")
	query, err := url.ParseQuery(encoded)
	if err != nil {
		return p.invalidf("invalid base URL %q: its query cannot be parsed", httpcall.ShownURL(base))
	}
	if p.baseURL, err = httpcall.ParseBaseURL(p.name, base); err != nil {
		return err
	}
	if p.config.Server == Azure { // with or without the path of the API
		p.baseURL = strings.TrimRight(targetPath.ReplaceAllString(p.baseURL, ""), "/")
		if version := query.Get(apiVersion); p.config.AzureAPIVersion == "" {
			p.config.AzureAPIVersion = datedVersion(version)
		}
		query.Del(apiVersion)
		if p.byDeployment() {
			query.Set(apiVersion, p.config.AzureAPIVersion)
		}
	}
	for name, values := range p.config.Query {
		query[name] = values
	}
	p.query = query.Encode()
	return nil
}

// apiVersion is the query parameter for the version of Azure's API by deployments.
const apiVersion = "api-version"

// byDeployment reports whether the server is Azure's API by deployments, which existed
// before v1.
func (p *Provider) byDeployment() bool {
	return p.config.Server == Azure && p.config.AzureAPIVersion != ""
}

// datedVersion returns a version of Azure's API by deployments, or "" for a word that
// means v1. The v1 API needs no version, and the API by deployments does not accept these
// words: https://github.com/openai/openai-python/issues/2584
func datedVersion(version string) string {
	switch version {
	case "v1", "preview", "latest":
		return ""
	}
	return version
}

// headers are the headers of all requests, by the format of the reply.
type headers struct {
	stream, json *httpcall.Headers
}

func (p *Provider) newHeaders() headers {
	with := func(accept string) *httpcall.Headers {
		fixed := http.Header{"Content-Type": {"application/json"}, "Accept": {accept}}
		if p.config.Organization != "" {
			fixed.Set("OpenAI-Organization", p.config.Organization)
		}
		if p.config.Project != "" {
			fixed.Set("OpenAI-Project", p.config.Project)
		}
		name, scheme := "Authorization", "Bearer "
		if p.config.Server == Azure && p.keyed {
			name, scheme = "Api-Key", ""
		}
		user := p.config.Header
		if own := servers[p.config.Server].header; own != nil {
			user = own.Clone()
			for name, values := range p.config.Header {
				user[http.CanonicalHeaderKey(name)] = values
			}
		}
		return httpcall.NewHeaders(fixed, user, name, scheme)
	}
	return headers{stream: with("text/event-stream"), json: with("application/json")}
}

// request returns the HTTP request for a call, with its credential. A nil body makes it a
// GET.
func (p *Provider) request(ctx context.Context, call *llm.Call, url string, body []byte, h *httpcall.Headers) (*httpcall.Request, error) {
	if call != nil && p.byDeployment() && (call.Model == "." || call.Model == "..") { // a dot segment would change the path
		return nil, p.fail(call, llm.InvalidRequest, "%q is not the name of a deployment", call.Model)
	}
	req := &httpcall.Request{Call: call, Method: http.MethodPost, URL: url, Body: body}
	if body == nil {
		req.Method = http.MethodGet
	}
	return req, p.client.Authorize(ctx, req, h, p.token)
}
