package redis_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
	_ "github.com/parley-llm/parley/providers/config/redis"
)

// driver returns a driver of a provider that always answers with this reply.
func driver(reply llmtest.Reply) providers.Driver {
	return providers.Driver{New: func(providers.Config) (llm.Provider, error) { return llmtest.Always(reply), nil }}
}

func TestMain(m *testing.M) {
	providers.Register("echo", driver(llmtest.Echo()))
	providers.Register("broken", driver(llmtest.Error(&llm.Error{Kind: llm.Server, Message: "crashed"})))
	goleak.VerifyTestMain(m)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// load loads a file, as each machine of a fleet does.
func load(t *testing.T, content string) (*config.Config, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.yaml")
	write(t, path, content)
	cfg, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cfg.Close(); err != nil {
			t.Error(err)
		}
	})
	return cfg, path
}

// ask returns the kind of the error of a call to the only model of the file, or "".
func ask(t *testing.T, cfg *config.Config) llm.Kind {
	t.Helper()
	model, err := cfg.Model("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = model.Generate(t.Context(), llm.Prompt("hi")); err != nil {
		t.Log(err)
	}
	return llm.KindOf(err)
}

func answers(t *testing.T, cfg *config.Config, want ...llm.Kind) {
	t.Helper()
	for i, kind := range want {
		if got := ask(t, cfg); got != kind {
			t.Errorf("call %d ends with %q, want %q", i+1, got, kind)
		}
	}
}

// oneAMinute is a file with a model that the whole fleet may call once a minute.
func oneAMinute(url, more string) string {
	return fmt.Sprintf(`
stores: {fleet: {kind: redis, url: %q%s}}
models: {a: {model: echo/m, middleware: [rate_limit: {requests: 1, max_wait: 1ms, shared: {store: fleet, store_down: refuse}}]}}
`, url, more)
}

func TestMachinesOfAFleetShareALimit(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireAuth("p-123456789")
	file := oneAMinute("redis://:p-123456789@"+server.Addr()+"?max_retries=-1", ", settings: {prefix: support}")
	one, _ := load(t, file)
	two, path := load(t, file)
	answers(t, one, "")
	answers(t, two, llm.RateLimited)
	if keys := server.Keys(); len(keys) != 1 || !strings.HasPrefix(keys[0], "support:") {
		t.Errorf("the keys are %q", keys)
	}
	if text := fmt.Sprintf("%v %+v %#v", two, two, two); strings.Contains(text, "p-123") {
		t.Errorf("the config prints as %s", text)
	}
	if len(two.Warnings()) > 0 {
		t.Errorf("there are warnings of a file that nobody else may read: %v", two.Warnings())
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := two.Reload(); err != nil {
		t.Fatal(err)
	}
	if w := two.Warnings(); len(w) != 1 || !strings.Contains(w[0].Message, "the password is in a file") {
		t.Errorf("the warnings are %v", w)
	}
	server.Close()
	answers(t, two, llm.Network)
}

func TestEveryKindOfStateIsShared(t *testing.T) {
	for name, test := range map[string]struct {
		middleware string
		want       string // part of a key
	}{
		"rate limit":          {"rate_limit: {requests: 5, shared: {store: fleet}}", ":bucket:"},
		"budget":              {"budget: {per_day: 5, shared: {store: fleet}}", "budget/day"},
		"cache":               {"cache: {shared: {store: fleet}}", ":value:"},
		"budget of a key":     {"budget: {per_key: 5, shared: {store: fleet}}", "budget/key"},
		"a scope":             {"rate_limit: {requests: 5, shared: {store: fleet, scope: east}}", "east/rate"},
		"a part of the chain": {"chain: {budget: {per_day: 5, shared: {store: fleet}}}", "budget/day"},
	} {
		t.Run(name, func(t *testing.T) {
			server := miniredis.RunT(t)
			cfg, _ := load(t, "stores: {fleet: {kind: redis, url: 'redis://"+server.Addr()+"'}}\n"+
				"models: {a: {model: echo/m, defaults: {temperature: 0}, info: {prices: {input: 1, output: 1}}, middleware: ["+test.middleware+"]}}")
			answers(t, cfg, "")
			if keys := strings.Join(server.Keys(), " "); !strings.Contains(keys, test.want) {
				t.Errorf("the keys are %q, want one with %s", keys, test.want)
			}
		})
	}
}

// A reload keeps the connections of a store whose settings have not changed. Otherwise it opens
// others and closes the old ones.
func TestReloadKeepsTheConnectionsOfAStoreThatHasNotChanged(t *testing.T) {
	first, second := miniredis.RunT(t), miniredis.RunT(t)
	file := oneAMinute("redis://"+first.Addr(), "")
	cfg, path := load(t, file)
	answers(t, cfg, "")
	connections := first.TotalConnectionCount()

	write(t, path, "fail_on_unsupported: true\n\n"+file)
	if err := cfg.Reload(); err != nil {
		t.Fatal(err)
	}
	answers(t, cfg, llm.RateLimited)
	if now := first.TotalConnectionCount(); now != connections {
		t.Errorf("%d connections were made after a change elsewhere in the file", now-connections)
	}

	write(t, path, "stores: {fleet: {kind: redis, url: 'nonsense'}}\n"+file)
	if err := cfg.Reload(); err == nil {
		t.Error("a file with a mistake was taken")
	}
	answers(t, cfg, llm.RateLimited) // the connections of before are still there

	write(t, path, oneAMinute("redis://"+second.Addr(), ""))
	if err := cfg.Reload(); err != nil {
		t.Fatal(err)
	}
	answers(t, cfg, "", llm.RateLimited)
	gone(t, first)
	if err := cfg.Close(); err != nil {
		t.Error(err)
	}
	gone(t, second)
}

// gone waits until the server has no connections.
func gone(t *testing.T, server *miniredis.Miniredis) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for server.CurrentConnectionCount() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d connections are left open", server.CurrentConnectionCount())
		}
	}
}

func TestStoreIsReachedByTLSWithAndWithoutAnEgressList(t *testing.T) {
	certificate, ca := certificate(t)
	server := miniredis.NewMiniRedis()
	if err := server.StartTLS(&tls.Config{Certificates: []tls.Certificate{certificate}}); err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	file := oneAMinute("rediss://"+server.Addr()+"?max_retries=-1", ", tls: {ca: '"+ca+"', server_name: redis.example}")
	cfg, _ := load(t, file)
	answers(t, cfg, "")
	cfg, _ = load(t, "egress: [127.0.0.1]\n"+file)
	answers(t, cfg, llm.RateLimited)
	cfg, _ = load(t, oneAMinute("rediss://"+server.Addr()+"?max_retries=-1", "")) // and no CA
	answers(t, cfg, llm.Network)
	connections := server.TotalConnectionCount()
	cfg, _ = load(t, "egress: [127.0.0.2]\n"+file)
	answers(t, cfg, llm.Network)
	if now := server.TotalConnectionCount(); now != connections {
		t.Error("a store was connected to that is not on the egress list")
	}
}

// certificate returns a self-signed certificate for redis.example, and the path of its file.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"redis.example"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	write(t, path, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}

// A breaker that opens on one machine is open on the others, and a successful probe closes it
// for all of them.
func TestMachinesOfAFleetShareABreaker(t *testing.T) {
	server := miniredis.RunT(t)
	file := "stores: {fleet: {kind: redis, url: 'redis://" + server.Addr() + "'}}\n" +
		"models: {a: {model: %s/m, middleware: [breaker: {failures: 1, open_for: 1m, shared: {store: fleet}}]}}"
	failing, _ := load(t, fmt.Sprintf(file, "broken"))
	healthy, _ := load(t, fmt.Sprintf(file, "echo")) // which is the same model to a store: both are llmtest/m
	answers(t, failing, llm.Server)
	answers(t, healthy, llm.Overloaded, llm.Overloaded)
	server.FastForward(time.Minute)
	answers(t, healthy, "", "")
}

func TestMistakesAreToldWithoutTheAddress(t *testing.T) {
	const models = "\nmodels: {a: echo/m}"
	for file, want := range map[string]string{
		"stores: {s: {kind: redis}}" + models:                                                                         `:1:10: cannot open the store "s": it has no url`,
		"stores: {s: {kind: redis, url: 'redis://:p-123/456789@h'}}" + models:                                         `invalid url; use the form`,
		"stores: {s: {kind: redis, url: 'http://:p-123456789@h'}}" + models:                                           `invalid url; use the form`,
		"stores: {s: {kind: redis, url: 'redis://:p-123456789@h/x-p-123456789'}}" + models:                            `invalid url; use the form`,
		"stores: {s: {kind: redis, url: 'redis://:p-123456789@h?p-123456789=1', settings: {cluster: true}}}" + models: `invalid url; use the form`,
		"stores: {s: {kind: redis, url: 'redis://:p-123456789@h', tls: {server_name: x}}}" + models:                   `it has tls, and its url does not begin with rediss://`,
		"stores: {s: {kind: redis, url: {command: [cat], expires: 1h}}}" + models:                                     `the URL of a store cannot expire`,
		"stores: {s: {kind: redis, url: {env: PARLEY_NO_SUCH}}}" + models:                                             `the environment variable PARLEY_NO_SUCH is not set`,
		"stores: {s: {kind: redis, url: x, settings: {prefixx: p}}}" + models:                                         `unknown field "prefixx"; did you mean "prefix"?`,
		"models: {a: {model: echo/m, middleware: [cache: {shared: {store: s}}]}}":                                     `invalid middleware "cache": unknown store "s"`,
		"models: {a: {model: echo/m, middleware: [cache: {shared: {store_down: refuse}}]}}":                           `shared has store_down or scope but no store`,
		"stores: {s: {kind: memory, url: 'x'}}" + models:                                                              `the store "s" is inside the process; remove url and tls`,
		"stores: {s: {kind: memory, settings: {max_bytes: -1}}}" + models:                                             `max_bytes is -1; it cannot be negative`,
	} {
		path := filepath.Join(t.TempDir(), "parley.yaml")
		write(t, path, file)
		_, err := config.Load(path, nil)
		if llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), want) {
			t.Errorf("the error of %s is\n%v\nwant %s", file, err, want)
		}
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), "p-123") {
			t.Errorf("the password is in the error: %v", err)
		}
	}
}

// Anybody can have written a file that nobody named, so it cannot connect to a store.
func TestFoundFileConnectsToNoStore(t *testing.T) {
	thief, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	visited := make(chan bool)
	go func() {
		conn, err := thief.Accept()
		if err == nil {
			conn.Close()
		}
		visited <- err == nil
	}()
	t.Chdir(t.TempDir())
	with := func(set map[string]string) *config.Options {
		return &config.Options{Getenv: func(name string) string { return set[name] }}
	}
	for _, url := range []string{"redis://" + thief.Addr().String(), "{env: REDIS_URL}"} {
		write(t, "parley.yaml", "stores: {s: {kind: redis, url: "+url+"}}\nmodels: {a: {model: echo/m, middleware: [cache: {shared: {store: s}}]}}")
		_, err = config.Default(t.Context(), with(map[string]string{"REDIS_URL": "redis://" + thief.Addr().String()}))
		if want := "parley.yaml:1:10: a file that nobody named may not connect to a store; if you trust it, set PARLEY_CONFIG=parley.yaml"; err == nil || err.Error() != want {
			t.Errorf("the error is %v,\nwant %s", err, want)
		}
	}
	thief.Close()
	if <-visited {
		t.Error("the store was connected to")
	}
	write(t, "parley.yaml", "stores: {s: {kind: memory}}\nmodels: {a: {model: echo/m, middleware: [cache: {shared: {store: s}}]}}")
	choice, err := config.Default(t.Context(), with(nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := choice.Model.Close(); err != nil {
		t.Error(err)
	}
}
