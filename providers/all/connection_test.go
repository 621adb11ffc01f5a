package all_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
)

// certificate makes a certificate, signed by the parent or by itself, and writes it and its key into the folder.
func certificate(t *testing.T, dir, name string, parent *tls.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: parent == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    []string{"llm.office.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	signer, signerKey := template, any(key)
	if parent != nil {
		signer, signerKey = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, name+".pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, filepath.Join(dir, name+".key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return &pair
}

// generate asks the default model of a file in the folder.
func generate(t *testing.T, dir, file string) (string, error) {
	t.Helper()
	path := filepath.Join(dir, "parley.yaml")
	write(t, path, file)
	cfg, err := config.Load(path, environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer cfg.Close()
	model, err := cfg.Model("")
	if err != nil {
		t.Fatal(err)
	}
	resp, err := model.Generate(t.Context(), &llm.Request{Messages: []llm.Message{llm.User("hi")}, NonStreaming: true})
	if err != nil {
		return "", err
	}
	return resp.Text(), nil
}

func TestPrivateCAAndClientCertificate(t *testing.T) {
	dir := t.TempDir()
	ca := certificate(t, dir, "ca", nil)
	serverPair := certificate(t, dir, "server", ca)
	certificate(t, dir, "client", ca)
	certificate(t, dir, "stranger", nil)
	pool := x509.NewCertPool()
	pool.AddCert(ca.Leaf)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, openAIReply)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*serverPair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshakes that are to fail
	server.StartTLS()
	defer server.Close()
	file := "EGRESS\nmodels: {m: {model: vllm/m, base_url: '" + server.URL + "/v1', tls: {TLS}}}"
	for _, test := range []struct{ name, tls, egress, text, err string }{
		{"both", "ca: ca.pem, cert: client.pem, key: client.key", "", "hello", ""},
		{"both, on an allow-list", "ca: ca.pem, cert: client.pem, key: client.key", "egress: [127.0.0.0/8]", "hello", ""},
		{"by another name", "ca: ca.pem, cert: client.pem, key: client.key, server_name: llm.office.example", "", "hello", ""},
		{"by a wrong name", "ca: ca.pem, cert: client.pem, key: client.key, server_name: other.example", "", "", "not other.example"},
		{"no client certificate", "ca: ca.pem", "", "", "certificate required"},
		{"another CA", "ca: stranger.pem, cert: client.pem, key: client.key", "", "", "certificate signed by unknown authority"},
		{"not on the allow-list", "ca: ca.pem, cert: client.pem, key: client.key", "egress: [10.0.0.0/8]", "", "is not on the allow-list"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := generate(t, dir, strings.NewReplacer("EGRESS", test.egress, "{TLS}", "{"+test.tls+"}").Replace(file))
			equal(t, "answer", got, test.text)
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("the error is %v, want one with %q", err, test.err)
			}
		})
	}
}

func TestProxyOfTheFile(t *testing.T) {
	proxy := serve(t) // which is asked for whole URLs
	got, err := generate(t, t.TempDir(), "models: {m: {model: vllm/m, base_url: 'http://llm.office.example/v1', proxy: '"+proxy.URL+"'}}")
	if err != nil || got != "hello" {
		t.Errorf("the answer is %q (%v)", got, err)
	}
	if want := "POST http://llm.office.example/v1/chat/completions"; !strings.Contains(proxy.saw(), want) {
		t.Errorf("the proxy was asked\n%s\nwant %s", proxy.saw(), want)
	}
	direct := serve(t)
	if got, err := generate(t, t.TempDir(), "models: {m: {model: vllm/m, base_url: '"+direct.URL+"/v1', proxy: none}}"); err != nil || got != "hello" {
		t.Errorf("the answer without a proxy is %q (%v)", got, err)
	}
}

func TestEgressListAndClientExcludeEachOther(t *testing.T) {
	list, err := egress.Allow("10.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	_, err = providers.Config{Egress: list, HTTPClient: &http.Client{}}.Open("vllm/m")
	if want := "parley: invalid request: the config has both Egress and HTTPClient, and the list cannot be enforced on another client; leave one out"; err == nil || err.Error() != want {
		t.Errorf("the error is %v", err)
	}
	s := serve(t)
	model, err := providers.Config{Egress: list, BaseURL: s.URL}.Open("vllm/m")
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	_, err = model.Generate(t.Context(), llm.Prompt("hi"))
	equal(t, "kind of the error", llm.KindOf(err), llm.Permission)
	equal(t, "what the server saw", s.saw(), "")
}
