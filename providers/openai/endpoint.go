package openai

import (
	"context"
	"net/http"
	"net/url"

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
		return p.baseURL + path
	case !p.byDeployment():
		return p.baseURL + azureV1 + path
	case model != "":
		path = "/openai/deployments/" + url.PathEscape(model) + path
	default:
		path = "/openai" + path
	}
	return p.baseURL + path + "?api-version=" + url.QueryEscape(p.config.AzureAPIVersion)
}

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
		return httpcall.NewHeaders(fixed, p.config.Header, name, scheme)
	}
	return headers{stream: with("text/event-stream"), json: with("application/json")}
}

// request returns the HTTP request for a call, with its credential. A nil body makes it a
// GET.
func (p *Provider) request(ctx context.Context, call *llm.Call, url string, body []byte, h *httpcall.Headers) (*httpcall.Request, error) {
	req := &httpcall.Request{Call: call, Method: http.MethodPost, URL: url, Body: body}
	if body == nil {
		req.Method = http.MethodGet
	}
	return req, p.client.Authorize(ctx, req, h, p.token)
}
