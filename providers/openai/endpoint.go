package openai

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	openai "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/internal/send"
	"github.com/parley-llm/parley/llm"
)

// endpoint is where a kind of call for a model goes, without the credential.
type endpoint struct {
	url     string
	header  http.Header
	secrets send.Secrets // credentials among the user's own headers
}

type endpointKey struct {
	op    llm.Op
	model string // empty where the URL does not depend on it
}

// endpoint returns where the call goes. The vendor's client knows the URLs and
// headers, so it is run once, against a transport that records and sends nothing.
func (p *Provider) endpoint(call *llm.Call) (endpoint, error) {
	key := endpointKey{op: call.Op}
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
	if p.config.Project != "" {
		header.Set("OpenAI-Project", p.config.Project)
	}
	learned := endpoint{url: rec.request.URL.String(), header: header, secrets: send.HeaderSecrets(p.config.Header)}
	for name, values := range p.config.Header {
		name = http.CanonicalHeaderKey(name)
		if _, own := header[name]; !own {
			header[name] = values
		}
	}
	return learned, nil
}

// azureV1 is the path of Azure's API without versions:
// https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
const azureV1 = "/openai/v1"

// recorder is a transport that keeps the request and sends nothing.
type recorder struct{ request *http.Request }

var errRecorded = errors.New("recorded, not sent")

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	r.request = req
	return nil, errRecorded
}

// What a reply may be, as values of the Accept header.
var (
	acceptStream = []string{"text/event-stream"}
	acceptJSON   = []string{"application/json"}
)

// request returns the HTTP request for a call, with its credential.
func (p *Provider) request(ctx context.Context, call *llm.Call, method string, body []byte, accept []string) (*send.Request, error) {
	where, err := p.endpoint(call)
	if err != nil {
		return nil, err
	}
	req := &send.Request{Call: call, Method: method, URL: where.url, Body: body, Secrets: where.secrets}
	req.Header = make(http.Header, len(where.header)+2)
	for name, values := range where.header {
		req.Header[name] = values
	}
	req.Header["Accept"] = accept
	if p.token == nil {
		return req, nil
	}
	token, err := p.client.Token(ctx, call, p.token)
	if err != nil {
		return nil, err
	}
	if p.config.Server == Azure && p.keyed {
		req.Header["Api-Key"] = []string{token}
	} else {
		req.Header["Authorization"] = []string{"Bearer " + token}
	}
	req.Secrets = append(slices.Clip(where.secrets), token)
	return req, nil
}
