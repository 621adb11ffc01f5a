package openai

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	openai "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// endpoint is where a kind of call for a model goes, without the credential.
type endpoint struct {
	url     string
	headers *httpcall.Headers
}

type endpointKey struct {
	op     llm.Op
	model  string // empty where the URL does not depend on it
	accept string // the media type asked for
}

// endpoint returns where the call goes. The vendor's client knows the URLs and
// headers, so it is run once, against a transport that records and sends nothing.
func (p *Provider) endpoint(call *llm.Call, accept string) (endpoint, error) {
	key := endpointKey{op: call.Op, accept: accept}
	if p.byDeployment() {
		key.model = call.Model
	}
	if known, ok := p.endpoints.Load(key); ok {
		return known.(endpoint), nil
	}
	learned, err := p.learn(key)
	if err != nil {
		return endpoint{}, err
	}
	p.endpoints.Store(key, learned)
	return learned, nil
}

// byDeployment reports whether the model's name is part of the URL: Azure's
// API before v1.
func (p *Provider) byDeployment() bool {
	return p.config.Server == Azure && p.config.AzureAPIVersion != ""
}

func (p *Provider) learn(key endpointKey) (endpoint, error) {
	var rec recorder
	config := openai.DefaultConfig("")
	if p.byDeployment() {
		config = openai.DefaultAzureConfig("", "")
		config.APIVersion = p.config.AzureAPIVersion
		config.AzureModelMapperFunc = func(string) string { return url.PathEscape(key.model) }
	}
	config.BaseURL, config.OrgID, config.HTTPClient = p.baseURL, p.config.Organization, &rec
	if p.config.Server == Azure && !p.byDeployment() {
		config.BaseURL += azureV1
	}
	client := openai.NewClientWithConfig(config)

	// The client refuses settings by the model's name; one that it does not
	// know by its first letters it lets through.
	const anyModel = "m"
	ctx := context.Background()
	var err error
	switch key.op {
	case llm.OpChat:
		_, err = client.CreateChatCompletion(ctx, openai.ChatCompletionRequest{
			Model: anyModel, Messages: []openai.ChatCompletionMessage{{Role: "user", Content: "-"}},
		})
	case llm.OpEmbed:
		_, err = client.CreateEmbeddings(ctx, openai.EmbeddingRequest{Model: anyModel, Input: "-"})
	case llm.OpListModels:
		_, err = client.ListModels(ctx)
	}
	if rec.request == nil {
		return endpoint{}, p.invalidf("the request cannot be made: %v", err)
	}
	header := rec.request.Header
	header.Del("Authorization")
	header.Del(openai.AzureAPIKeyHeader)
	header.Set("Accept", key.accept)
	if p.config.Project != "" {
		header.Set("OpenAI-Project", p.config.Project)
	}
	name, scheme := "Authorization", "Bearer "
	if p.config.Server == Azure && p.keyed {
		name, scheme = "Api-Key", ""
	}
	return endpoint{rec.request.URL.String(), httpcall.NewHeaders(header, p.config.Header, name, scheme)}, nil
}

// azureV1 is the path of Azure's API without versions:
// https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
const azureV1 = "/openai/v1"

// datedVersion returns a version of Azure's API by deployments, or nothing for a
// word that means v1. V1 needs none of them, and the API by deployments does not
// know them: https://github.com/openai/openai-python/issues/2584.
func datedVersion(version string) string {
	switch version {
	case "v1", "preview", "latest":
		return ""
	}
	return version
}

// recorder is a transport that keeps the request and sends nothing.
type recorder struct{ request *http.Request }

var errRecorded = errors.New("recorded, not sent")

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	r.request = req
	return nil, errRecorded
}

// What a reply may be, as values of the Accept header.
const (
	acceptStream = "text/event-stream"
	acceptJSON   = "application/json"
)

// request returns the HTTP request for a call, with its credential.
func (p *Provider) request(ctx context.Context, call *llm.Call, method string, body []byte, accept string) (*httpcall.Request, error) {
	where, err := p.endpoint(call, accept)
	if err != nil {
		return nil, err
	}
	req := &httpcall.Request{Call: call, Method: method, URL: where.url, Body: body}
	return req, p.client.Authorize(ctx, req, where.headers, p.token)
}
