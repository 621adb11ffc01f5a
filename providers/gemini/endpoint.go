package gemini

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// locate sets the base URL and the project of the provider.
// https://cloud.google.com/vertex-ai/docs/general/locations
func (p *Provider) locate(config Config) error {
	base, version := config.BaseURL, config.APIVersion
	p.customURL = base != ""
	if p.vertex {
		location := config.Location
		if location == "" {
			location = "global"
		}
		// The names of old projects have a domain before them: "example.com:project".
		domain, project, scoped := strings.Cut(config.Project, ":")
		if !scoped {
			domain, project = "", config.Project
		}
		for _, name := range []string{domain, project, location} {
			if strings.ContainsAny(name, "/?#%@: ") || strings.Contains(name, "..") || scoped && (domain == "" || project == "") {
				return p.invalidf("the project or location %q is invalid: use only its name", name)
			}
		}
		if config.Project != "" {
			p.project = "projects/" + config.Project + "/locations/" + location
		}
		if base == "" {
			base = vertexHost(location)
		}
		if version == "" {
			version = "v1beta1"
		}
	} else {
		if base == "" {
			base = geminiURL
		}
		if version == "" {
			version = "v1beta"
		}
	}
	base, err := httpcall.ParseBaseURL(p.name, base)
	if err != nil {
		return err
	}
	p.baseURL = strings.TrimSuffix(base, "/"+version) + "/" + version // with or without the version
	return nil
}

func vertexHost(location string) string {
	switch location {
	case "global":
		return "https://aiplatform.googleapis.com"
	case "us", "eu":
		return "https://aiplatform." + location + ".rep.googleapis.com"
	}
	return "https://" + location + "-aiplatform.googleapis.com"
}

// modelPath returns the resource of a model name. The name can be a complete resource. For
// Vertex AI it can also begin with a publisher, or be an endpoint: "endpoints/ID" or the ID.
func (p *Provider) modelPath(call *llm.Call) (string, error) {
	model := call.Model
	if strings.ContainsAny(model, "?#") || path.Clean("/"+model) != "/"+model {
		return "", p.fail(call, llm.InvalidRequest, "the model name %q cannot be part of a URL: remove ?, #, empty path segments and dot segments", model)
	}
	first, rest, hasSlash := strings.Cut(model, "/")
	switch {
	case !p.vertex && first != "models" && first != "tunedModels":
		model = "models/" + model
	case p.vertex && (first == "endpoints" || !hasSlash && isNumber(model)): // a tuned or deployed model
		model = "endpoints/" + strings.TrimPrefix(model, "endpoints/")
	case p.vertex && !hasSlash:
		model = "publishers/google/models/" + model
	case p.vertex && first != "projects" && first != "publishers" && first != "models":
		model = "publishers/" + first + "/models/" + rest
	}
	return model, nil
}

// isNumber reports whether a name is the number of an endpoint.
func isNumber(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return r < '0' || r > '9' })
}

// address is the URL of a model's method.
type address struct{ model, method, url string }

// modelURL returns the URL of a model's method, for example "streamGenerateContent?alt=sse".
func (p *Provider) modelURL(call *llm.Call, method string) (string, error) {
	if known := p.latest.Load(); known != nil && known.model == call.Model && known.method == method {
		return known.url, nil
	}
	resource, err := p.modelPath(call)
	if err != nil {
		return "", err
	}
	if p.project != "" && !strings.HasPrefix(resource, "projects/") {
		resource = p.project + "/" + resource
	}
	address := &address{call.Model, method, p.baseURL + (&url.URL{Path: "/" + resource}).EscapedPath() + ":" + method}
	p.latest.Store(address)
	return address.url, nil
}

// cacheName returns the resource of a cached content's name.
func (p *Provider) cacheName(name string) string {
	const collection = "cachedContents/"
	switch {
	case name == "":
		return ""
	case !strings.Contains(name, "/"):
		name = collection + name
	}
	if p.project != "" && strings.HasPrefix(name, collection) {
		return p.project + "/" + name
	}
	return name
}

// request returns the HTTP request for a call, with its credential. A nil body
// makes it a GET.
func (p *Provider) request(ctx context.Context, call *llm.Call, url string, body []byte) (*httpcall.Request, error) {
	req := &httpcall.Request{Call: call, Method: http.MethodPost, URL: url, Body: body}
	if body == nil {
		req.Method = http.MethodGet
	}
	if err := p.client.Authorize(ctx, req, p.headers, p.token); err != nil {
		return nil, err
	}
	if p.defaults != nil {
		if project := p.defaults.QuotaProject(ctx); project != "" {
			req.Header = maps.Clone(req.Header) // shared with other requests
			req.Header["X-Goog-User-Project"] = []string{project}
		}
	}
	return req, nil
}

// do sends the request of a call and returns the reply, which the caller closes.
func (p *Provider) do(ctx context.Context, call *llm.Call, url string, body []byte) (*httpcall.Reply, error) {
	req, err := p.request(ctx, call, url, body)
	if err != nil {
		return nil, err
	}
	if call.Op == llm.OpChat {
		req.Patient = strings.EqualFold(llmutil.OptionsFor[Options](call.Request.Options).ServiceTier, "flex")
	}
	r, err := p.client.Do(ctx, req)
	return r, p.explain(call, url, err)
}

// value sends a request whose reply is one JSON value, and decodes it into v. The caller
// closes the reply, unless there is an error.
func (p *Provider) value(ctx context.Context, call *llm.Call, url string, body []byte, v provider.Failing) (*httpcall.Reply, error) {
	req, err := p.request(ctx, call, url, body)
	if err != nil {
		return nil, err
	}
	r, err := provider.Value(ctx, p.client, req, v)
	return r, p.explain(call, url, err)
}

// explain adds the URL to the error for a path that the server does not have. The error must
// not have been returned to a caller yet.
func (p *Provider) explain(call *llm.Call, url string, err error) error {
	e, ok := err.(*llm.Error)
	if ok && p.customURL && provider.IsPathError(e, "", call.Model) {
		e.Message += "; the URL is " + httpcall.ShownURL(url) + ": check the base URL, which must not contain the path of a model"
	}
	if ok && e.Kind == llm.Unsupported && strings.Contains(e.Message, "Interactions API") {
		e.Message += "; this package uses generateContent, which this model does not have: use another model"
	}
	return err
}
