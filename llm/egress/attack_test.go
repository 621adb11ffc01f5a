package egress_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/egress"
	"github.com/parley-llm/parley/providers/openai"
)

// asClient is set in the environment of a test binary that makes one request and prints
// its result.
const asClient = "EGRESS_TEST_AS_CLIENT"

func TestMain(m *testing.M) {
	if address := os.Getenv(asClient); address != "" {
		list, err := egress.Allow("127.0.0.9")
		if err != nil {
			panic(err)
		}
		_, err = list.Client(egress.Config{}).Get(address)
		os.Stdout.WriteString(err.Error())
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// trap is a listener that must not receive connections.
type trap struct {
	net.Listener
	connections atomic.Int32
	ended       chan struct{}
}

// setTrap listens on an address and fails the test if anything connects.
func setTrap(t *testing.T, network, address string) *trap {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil && runtime.GOOS != "linux" && !strings.HasPrefix(address, "127.0.0.1:") {
		t.Skipf("this system has no second loopback address to watch: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	tr := &trap{Listener: l, ended: make(chan struct{})}
	go func() {
		defer close(tr.ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			tr.connections.Add(1)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		tr.Close()
		<-tr.ended
		if n := tr.connections.Load(); n != 0 {
			t.Errorf("%d connections were made to %s, want none", n, l.Addr())
		}
	})
	return tr
}

func (tr *trap) port() string {
	_, port, _ := net.SplitHostPort(tr.Addr().String())
	return port
}

// client returns a client for a list, with a resolver that knows the given names.
func client(t *testing.T, names map[string][]string, entries ...string) *http.Client {
	t.Helper()
	list, err := egress.Allow(entries...)
	if err != nil {
		t.Fatal(err)
	}
	c := list.Client(egress.Config{LookupIP: func(_ context.Context, host string) ([]netip.Addr, error) {
		addresses, known := names[host]
		if !known {
			t.Errorf("the host %q was looked up", host)
			return nil, errors.New("no such host")
		}
		var found []netip.Addr
		for _, a := range addresses {
			found = append(found, netip.MustParseAddr(a))
		}
		return found, nil
	}})
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// refused requests an address and fails the test unless the request is refused with the
// given text.
func refused(t *testing.T, c *http.Client, address, want string) {
	t.Helper()
	resp, err := c.Get(address)
	if err == nil {
		resp.Body.Close()
		t.Fatalf("%s was answered, want a refusal", address)
	}
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || e.Kind != llm.Permission {
		t.Fatalf("%s failed with %v, want a refusal", address, err)
	}
	if got := strings.TrimPrefix(e.Message, "refused before sending: "); got != want {
		t.Errorf("%s is refused with %q,\nwant %q", address, got, want)
	}
}

// answers requests an address and fails the test unless the answer is "here".
func answers(t *testing.T, c *http.Client, address string) {
	t.Helper()
	resp, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); string(body) != "here" || err != nil {
		t.Errorf("%s answers %q (%v), want \"here\"", address, body, err)
	}
}

// server answers "here" and redirects to the URL in the query.
func server(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
			return
		}
		io.WriteString(w, "here")
	}))
	t.Cleanup(s.Close)
	return s
}

func TestListedAddressesAnswer(t *testing.T) {
	s := server(t)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	names := map[string][]string{"llm.office.example": {"192.0.2.1", "127.0.0.1"}}
	for _, entries := range [][]string{{"127.0.0.1"}, {"127.0.0.0/8"}, {"127.0.0.1:" + port}, {"10.0.0.0/8", "127.0.0.0/8"}} {
		answers(t, client(t, nil, entries...), s.URL)
		answers(t, client(t, nil, entries...), "http://[::ffff:127.0.0.1]:"+port)
		// Addresses of a name that are not on the list are skipped.
		answers(t, client(t, names, append(entries, "llm.office.example")...), "http://LLM.office.example:"+port)
		answers(t, client(t, names, append(entries, "*.office.example:"+port)...), "http://llm.office.example:"+port)
		answers(t, client(t, names, entries...), "http://llm.office.example:"+port) // a list of networks allows any name
	}
}

func TestAddressesThatAreNotListedAreRefused(t *testing.T) {
	inside := setTrap(t, "tcp", "127.0.0.1:0")
	port := inside.port()
	names := map[string][]string{
		"in.example":      {"127.0.0.1"},
		"mapped.example":  {"::ffff:127.0.0.1"},
		"nat64.example":   {"64:ff9b::7f00:1"},
		"6to4.example":    {"2002:7f00:1::"},
		"compat.example":  {"::7f00:1"},
		"teredo.example":  {"2001:0:1:2:3:4:80ff:fffe"},
		"isatap.example":  {"2606:4700::5efe:7f00:1"},
		"meta.example":    {"169.254.169.254", "fd00:ec2::254"},
		"outside.example": {"8.8.8.8"},
		"127.1":           {"127.0.0.1"},
	}
	for _, test := range []struct{ list, address, want string }{
		{"", "http://127.0.0.1", "the address 127.0.0.1:PORT is not on the allow-list"},
		{"", "http://in.example", "the host in.example:PORT is not on the allow-list"},
		{"10.0.0.0/8", "http://127.0.0.1", "the address 127.0.0.1:PORT is not on the allow-list"},
		{"127.0.0.1:1", "http://127.0.0.1", "the address 127.0.0.1:PORT is not on the allow-list"},
		{"in.example", "http://other.example", "the host other.example:PORT is not on the allow-list"},
		{"*.in.example", "http://in.example", "the host in.example:PORT is not on the allow-list"},
		{"in.example", "http://notin.example", "the host notin.example:PORT is not on the allow-list"},
		{"in.example:1", "http://in.example", "the host in.example:PORT is not on the allow-list"},
		// A name on the list does not allow an address that is not on it.
		{"in.example", "http://127.0.0.1", "the address 127.0.0.1:PORT is not on the allow-list"},
		{"in.example", "http://in.example", "the host in.example:PORT has the addresses [127.0.0.1], and none of them is on the allow-list: a list without networks allows only public addresses; add the network, for example 10.20.0.0/16"},
		{"meta.example", "http://meta.example", "the host meta.example:PORT has the addresses [169.254.169.254 fd00:ec2::254], and none of them is on the allow-list: a list without networks allows only public addresses; add the network, for example 10.20.0.0/16"},
		{"outside.example 10.0.0.0/8", "http://outside.example", "the host outside.example:PORT has the addresses [8.8.8.8], and none of them is on the allow-list"},
		{"10.0.0.0/8", "http://127.1", "the host 127.1:PORT has the addresses [127.0.0.1], and none of them is on the allow-list"},
		{"in.example public", "http://in.example", "the host in.example:PORT has the addresses [127.0.0.1], and none of them is on the allow-list"},
		// IPv4 inside IPv6.
		{"10.0.0.0/8", "http://[::ffff:127.0.0.1]", "the address [::ffff:127.0.0.1]:PORT is not on the allow-list"},
		{"public", "http://[::ffff:127.0.0.1]", "the address [::ffff:127.0.0.1]:PORT is not on the allow-list"},
		{"::/0", "http://[::ffff:127.0.0.1]", "the address [::ffff:127.0.0.1]:PORT is not on the allow-list"},
		{"::/0", "http://[::127.0.0.1]", "the address [::127.0.0.1]:PORT is not on the allow-list"},
		{"public", "http://[64:ff9b::127.0.0.1]", "the address [64:ff9b::127.0.0.1]:PORT is not on the allow-list"},
		{"::/0", "http://[::ffff:0:127.0.0.1]", "the address [::ffff:0:127.0.0.1]:PORT is not on the allow-list"},
		{"::/0", "http://[64:ff9b:1::127.0.0.1]", "the address [64:ff9b:1::127.0.0.1]:PORT is not on the allow-list"},
		// Embedded at the positions of translators with shorter prefixes, together with
		// an address that is allowed.
		{"::/0 10.0.0.0/8", "http://[64:ff9b:1:7f00:0:100:10.1.1.1]", "the address [64:ff9b:1:7f00:0:100:10.1.1.1]:PORT is not on the allow-list"},
		{"::/0 10.0.0.0/8", "http://[64:ff9b:1:7f:0:1:10.1.1.1]", "the address [64:ff9b:1:7f:0:1:10.1.1.1]:PORT is not on the allow-list"},
		{"::/0 10.0.0.0/8", "http://[64:ff9b:1:0:7f:0:1:a01]", "the address [64:ff9b:1:0:7f:0:1:a01]:PORT is not on the allow-list"},
		{"::/0", "http://mapped.example", "the host mapped.example:PORT has the addresses [::ffff:127.0.0.1], and none of them is on the allow-list"},
		{"public", "http://nat64.example", "the host nat64.example:PORT has the addresses [64:ff9b::7f00:1], and none of them is on the allow-list"},
		{"public", "http://6to4.example", "the host 6to4.example:PORT has the addresses [2002:7f00:1::], and none of them is on the allow-list"},
		{"::/0", "http://compat.example", "the host compat.example:PORT has the addresses [::7f00:1], and none of them is on the allow-list"},
		{"::/0", "http://teredo.example", "the host teredo.example:PORT has the addresses [2001:0:1:2:3:4:80ff:fffe], and none of them is on the allow-list"},
		{"public", "http://isatap.example", "the host isatap.example:PORT has the addresses [2606:4700::5efe:7f00:1], and none of them is on the allow-list"},
	} {
		t.Run(test.list+" "+test.address, func(t *testing.T) {
			refused(t, client(t, names, strings.Fields(test.list)...), test.address+":"+port, strings.ReplaceAll(test.want, "PORT", port))
		})
	}
}

// A host with two addresses answers if one of them does. If none does, the error is that
// of the first address.
func TestAddressesAreTriedInTheirOrder(t *testing.T) {
	s := server(t)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	answers(t, client(t, map[string][]string{"two.example": {"127.0.0.3", "127.0.0.1"}}, "127.0.0.0/8"), "http://two.example:"+port)
	_, err := client(t, map[string][]string{"none.example": {"127.0.0.3", "127.0.0.4"}}, "127.0.0.0/8").Get("http://none.example:" + port)
	if err == nil || !strings.Contains(err.Error(), "127.0.0.3:"+port) || llm.KindOf(err) == llm.Permission {
		t.Errorf("the error is %v, want the error of connecting to 127.0.0.3:%s", err, port)
	}
}

// The system's resolver is checked against the list like any other.
func TestSystemsResolverIsUsedAndChecked(t *testing.T) {
	s := server(t)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for entries, want := range map[string]llm.Kind{"localhost 127.0.0.0/8 ::1": "", "localhost 10.0.0.0/8": llm.Permission, "localhost": llm.Permission} {
		list, err := egress.Allow(strings.Fields(entries)...)
		if err != nil {
			t.Fatal(err)
		}
		c := list.Client(egress.Config{})
		resp, err := c.Get("http://localhost:" + port)
		if llm.KindOf(err) != want {
			t.Errorf("%s: the error is %v, want the kind %q", entries, err, want)
		}
		if err == nil {
			resp.Body.Close()
		}
		c.CloseIdleConnections()
	}
}

// A nil list allows nothing, and the request body is closed.
func TestNoListAllowsNothing(t *testing.T) {
	inside := setTrap(t, "tcp", "127.0.0.1:0")
	var none *egress.List
	refused(t, none.Client(egress.Config{}), "http://"+inside.Addr().String(), "the address "+inside.Addr().String()+" is not on the allow-list")
	body := &closed{Reader: strings.NewReader("secret")}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "unix:///run/llm.sock", body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.Client(egress.Config{}).Do(req); llm.KindOf(err) != llm.Permission || !body.is {
		t.Errorf("the error is %v, and the body is closed: %v", err, body.is)
	}
	if egress.Enforced(nil) || egress.Enforced(http.DefaultClient) || !egress.Enforced(none.Client(egress.Config{})) {
		t.Error("Holds is true for another client, or false for a list's client")
	}
}

// closed is a body that records whether it was closed.
type closed struct {
	io.Reader
	is bool
}

func (c *closed) Close() error { c.is = true; return nil }

// An address behind a translator is reachable if the list contains it.
func TestTranslatedAddressesOfTheListAreTried(t *testing.T) {
	list, err := egress.Allow("::/0", "10.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(t.Context())
	end() // so that nothing is sent
	for _, address := range []string{"[64:ff9b::10.1.1.1]:80", "[64:ff9b:1::10.1.1.1]:80", "[2002:a01:101::1]:80"} {
		if _, err := list.Dialer(egress.Config{})(ended, "tcp", address); !errors.Is(err, context.Canceled) {
			t.Errorf("the error for %s is %v, want the context's error", address, err)
		}
	}
}

func TestRedirectsAreHeldToTheList(t *testing.T) {
	s := server(t)
	inside := setTrap(t, "tcp", "127.0.0.2:0")
	names := map[string][]string{"evil.example": {"127.0.0.2"}}
	c := client(t, names, "127.0.0.1")
	to := func(address string) string { return s.URL + "/?to=" + url.QueryEscape(address) }
	answers(t, c, to("/elsewhere"))
	refused(t, c, to("http://"+inside.Addr().String()), "the address "+inside.Addr().String()+" is not on the allow-list")
	refused(t, c, to("http://evil.example:"+inside.port()), "the host evil.example:"+inside.port()+" has the addresses [127.0.0.2], and none of them is on the allow-list")
	refused(t, c, to("file:///etc/passwd"), `the scheme "file" is not allowed: use http or https`)
}

func TestNameIsLookedUpOnce(t *testing.T) {
	s := server(t)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	inside := setTrap(t, "tcp", "127.0.0.2:0")
	for inside.port() == port { // ports are chosen separately for each address
		inside = setTrap(t, "tcp", "127.0.0.2:0")
	}
	list, err := egress.Allow("turning.example", "127.0.0.1", "127.0.0.2:"+port)
	if err != nil {
		t.Fatal(err)
	}
	lookups := 0
	c := list.Client(egress.Config{LookupIP: func(context.Context, string) ([]netip.Addr, error) {
		lookups++
		if lookups%2 == 0 {
			return []netip.Addr{netip.MustParseAddr("127.0.0.2")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}})
	answers(t, c, "http://turning.example:"+port)
	if lookups != 1 {
		t.Errorf("the name was looked up %d times for one connection, want once, because the second answer would not be checked", lookups)
	}
	c.CloseIdleConnections()
	refused(t, c, "http://turning.example:"+inside.port(),
		"the host turning.example:"+inside.port()+" has the addresses [127.0.0.2], and none of them is on the allow-list")
}

func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	proxy := setTrap(t, "tcp", "127.0.0.1:0")
	target := setTrap(t, "tcp", "127.0.0.8:0")
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	at := "http://" + proxy.Addr().String()
	// net/http reads these variables once per process, so the test starts another one.
	cmd.Env = []string{
		asClient + "=http://llm.invalid:" + target.port(), "HTTP_PROXY=" + at, "http_proxy=" + at,
		"HTTPS_PROXY=" + at, "https_proxy=" + at, "ALL_PROXY=" + at, "all_proxy=" + at, "GOCOVERDIR=" + t.TempDir(),
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := string(out); !strings.Contains(got, "llm.invalid") {
		t.Errorf("the request ended with %q, which does not name its host", got)
	}
	cmd = exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = []string{asClient + "=http://" + target.Addr().String(), "HTTP_PROXY=" + at, "GOCOVERDIR=" + t.TempDir()}
	out, err = cmd.CombinedOutput()
	if want := "the address " + target.Addr().String() + " is not on the allow-list"; err != nil || !strings.Contains(string(out), want) {
		t.Errorf("the request ended with %q (%v), want %q", out, err, want)
	}
}

func TestAddressesOfOtherKindsAreRefused(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "llm.sock")
	setTrap(t, "unix", socket)
	c := client(t, nil, "public", "127.0.0.0/8")
	for _, address := range []string{"file:///etc/passwd", "unix://" + socket, "unix:" + socket, "http+unix://" + url.QueryEscape(socket) + "/v1", "ftp://127.0.0.1/"} {
		u, err := url.Parse(address)
		if err != nil { // not a valid URL
			continue
		}
		refused(t, c, address, `the scheme "`+u.Scheme+`" is not allowed: use http or https`)
	}
}

// The dialer checks the list for a client of another protocol.
func TestDialerIsHeldToTheList(t *testing.T) {
	list, err := egress.Allow("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	dial := list.Dialer(egress.Config{})
	allowed := server(t)
	conn, err := dial(t.Context(), "tcp", allowed.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	forbidden := setTrap(t, "tcp", "127.0.0.2:0")
	socket := setTrap(t, "unix", filepath.Join(t.TempDir(), "s"))
	for _, l := range []*trap{forbidden, socket} {
		if _, err := dial(t.Context(), l.Addr().Network(), l.Addr().String()); llm.KindOf(err) != llm.Permission {
			t.Errorf("the error for %s is %v, want the kind permission", l.Addr(), err)
		}
	}
}

func TestProviderReportsARefusalAsOne(t *testing.T) {
	inside := setTrap(t, "tcp", "127.0.0.1:0")
	p, err := openai.New(openai.Config{
		Server: openai.VLLM, BaseURL: "http://" + inside.Addr().String() + "/v1", HTTPClient: client(t, nil, "10.0.0.0/8"),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = llm.New(p, "llama").Generate(t.Context(), llm.Prompt("What is our margin?"))
	want := "parley: vllm/llama: permission denied: refused before sending: the address " + inside.Addr().String() + " is not on the allow-list"
	if err == nil || err.Error() != want {
		t.Errorf("the call fails with %v,\nwant %s", err, want)
	}
	if llm.KindOf(err).Temporary() {
		t.Error("the refusal counts as temporary and would be retried")
	}
}
